"""new: a job to begin with."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import Annotated

import typer

from headrace.authoring import new as scaffold
from headrace.authoring.new import request
from headrace.cli.common import Json, out, print_json
from headrace.errors import Place, Problem, UserError
from headrace.project import source_files
from headrace.project.paths import Project

Check = Callable[[str], str]


def new(
    name: Annotated[str | None, typer.Argument(metavar="[DOMAIN/NAME]", help="The job; _v1 if it says none.")] = None,
    source: Annotated[str | None, typer.Option(metavar="S", help="The source that it reads.")] = None,
    sink: Annotated[str | None, typer.Option(metavar="NS.TABLE", help="The table that it writes.")] = None,
    window: Annotated[str | None, typer.Option(metavar="LENGTH", help="A row a window of this length: 10m.")] = None,
    owner: Annotated[str | None, typer.Option(metavar="O", help="Who answers for it.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing: take what would be proposed.")] = False,
    json: Json = False,
) -> None:
    """Lay a job that passes its test, to be changed: job.yaml, a SELECT, its table, a check and a case.

    On a terminal it asks for what is not given.
    """
    project = Project.find()
    asks = sys.stdin.isatty() and not yes
    checks: dict[str, Check] = {
        "name": request.checked_name,
        "source": partial(request.checked_source, project),
        "sink": request.checked_sink,
        "window": lambda text: request.checked_window(text) if text else "",
        "owner": str,
    }
    given = _checked(checks, {"name": name, "source": source, "sink": sink, "window": window, "owner": owner})

    def answer(key: str, question: str, proposal: str | None, missing: str = "") -> str:
        if key in given:
            return given[key]
        if asks:
            return _ask(question, checks[key], proposal)
        if proposal is None:
            raise UserError(f"the job's {key} is not given", fix=missing)
        return checks[key](proposal)

    job = answer("name", "Job, <domain>/<name>", None, "headrace new <domain>/<name>")
    if request.is_taken(project, job):
        job = _next_version(project, job, asks=asks, yes=yes)
    known = ", ".join(source_files.names(project))
    read = answer("source", f"Source ({known})", request.likely_source(project), f"--source, one of: {known}")
    table = answer("sink", "Table", request.likely_sink(job))
    length = answer("window", "Length of its windows, like 10m; nothing for a row a reading", "")
    wanted = request.Request(
        job, read, table, answer("owner", "Owner", request.likely_owner(project, job)), length or None
    )
    _tell(wanted, [str(Place.of(path)) for path in scaffold.write_files(project, wanted)], json=json)


def _checked(checks: dict[str, Check], flags: dict[str, str | None]) -> dict[str, str]:
    """The flags that are given. Raises UserError with what is wrong in all of them."""
    given: dict[str, str] = {}
    problems: list[Problem] = []
    for key, text in flags.items():
        try:
            if text is not None:
                given[key] = checks[key](text)
        except UserError as error:
            problems += error.problems
    if problems:
        raise UserError(problems)
    return given


def _ask(question: str, check: Check, proposal: str | None) -> str:
    def checked(text: str) -> str:
        try:
            return check(text)
        except UserError as error:
            raise typer.BadParameter(str(error)) from None

    answer: str = typer.prompt(question, default=proposal, show_default=bool(proposal), value_proc=checked, err=True)
    return answer


def _next_version(project: Project, job: str, *, asks: bool, yes: bool) -> str:
    following = request.free_version(project, job)
    if yes or (asks and typer.confirm(f"There is a {job} already. Make {following}?", default=True, err=True)):
        return following
    fix = f"make its next version: headrace new {following}"
    raise UserError(f"there is a job '{job}' already", Place.of(project.sql / job), fix)


def _tell(wanted: request.Request, files: list[str], *, json: bool) -> None:
    if json:
        print_json({"job": wanted.name, "written": files})
        return
    for file in files:
        out.print(f"[green]written[/] {file}", highlight=False, soft_wrap=True)
    out.print(f"next: headrace test {wanted.name}", highlight=False, soft_wrap=True)
