"""`headrace new`: create a working job to edit."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from headrace.cli import completion
from headrace.cli.common import Json, out, print_json
from headrace.errors import Place, Problem, UserError
from headrace.project.paths import Project

if TYPE_CHECKING:
    from headrace.authoring.new.request import Request

Check = Callable[[str], str]


def new(
    name: Annotated[
        str | None,
        typer.Argument(metavar="DOMAIN/NAME", help="The job's name; without a version, _v1 is added. Or: function"),
    ] = None,
    function: Annotated[
        str | None, typer.Argument(metavar="NAME", help="The function's name, after the word function.")
    ] = None,
    source: Annotated[
        str | None, typer.Option(metavar="S", help="Source that it reads.", autocompletion=completion.sources)
    ] = None,
    sink: Annotated[
        str | None, typer.Option(metavar="NS.TABLE", help="Table that it writes.", autocompletion=completion.tables)
    ] = None,
    window: Annotated[
        str | None, typer.Option(metavar="LENGTH", help="Write one row per window of this length, like 10m.")
    ] = None,
    owner: Annotated[str | None, typer.Option(metavar="O", help="Owner of the job.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing: accept every default.")] = False,
    json: Json = False,
) -> None:
    """Create a working job to edit: job.yaml, a SELECT, its table, a check and a test case that passes.

    On a terminal it asks for what is not given. `headrace new function NAME` creates a function of the project's own
    instead: udfs/NAME/ with function.yaml, a module and an example that passes.
    """
    from headrace.authoring import new as scaffold
    from headrace.authoring.new import request
    from headrace.project import source_files

    project = Project.find()
    if name == "function" or function:
        _new_function(project, name, function, json=json)
        return
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
    length = answer("window", "Window length, like 10m; empty for one row per reading", "")
    chosen = request.Request(
        job, read, table, answer("owner", "Owner", request.likely_owner(project, job)), length or None
    )
    _report(chosen, [str(Place.of(path)) for path in scaffold.write_files(project, chosen)], json=json)


def _new_function(project: Project, word: str | None, name: str | None, *, json: bool) -> None:
    from headrace.authoring import new as scaffold

    if word != "function" or name is None:
        what = f"'{name}' is one name too many" if name else "the function's name is not given"
        raise UserError(what, fix="headrace new <domain>/<name>, or headrace new function <name>")
    files = [str(Place.of(path)) for path in scaffold.write_function(project, name)]
    if json:
        print_json({"function": name, "written": files})
        return
    for file in files:
        out.print(f"[green]written[/] {file}", highlight=False, soft_wrap=True)
    out.print(f"next: headrace test function/{name}", highlight=False, soft_wrap=True)
    out.print(f"then: functions: [{name}] in the job.yaml of each job that calls it", highlight=False, markup=False)


def _checked(checks: dict[str, Check], flags: dict[str, str | None]) -> dict[str, str]:
    """Check the options that are given, and return them. Raises UserError with the faults of all of them."""
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
    from headrace.authoring.new import request

    following = request.free_version(project, job)
    if yes or (asks and typer.confirm(f"There is a {job} already. Make {following}?", default=True, err=True)):
        return following
    fix = f"make its next version: headrace new {following}"
    raise UserError(f"there is a job '{job}' already", Place.of(project.sql / job), fix)


def _report(chosen: Request, files: list[str], *, json: bool) -> None:
    if json:
        print_json({"job": chosen.name, "written": files})
        return
    for file in files:
        out.print(f"[green]written[/] {file}", highlight=False, soft_wrap=True)
    out.print(f"next: headrace test {chosen.name}", highlight=False, soft_wrap=True)
