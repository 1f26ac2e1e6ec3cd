"""`headrace lint`: report likely mistakes that Flink accepts silently.

The package reads the rendered templates of a job and what its contracts and tables state about their columns, and
returns findings at lines of the templates. It needs no Flink and reads no row: a rule knows only the SQL, the job and
the columns.
"""

from __future__ import annotations

import re
from contextlib import suppress

from headrace.authoring import functions
from headrace.authoring.functions import FUNCTION
from headrace.authoring.lint import reserved_names
from headrace.authoring.lint.finding import Finding
from headrace.authoring.lint.inputs import fractional, inputs
from headrace.authoring.lint.linter import Template, TemplateLinter
from headrace.compose import function_names, render
from headrace.environment.settings import Settings
from headrace.errors import Place, Problem, UserError
from headrace.project import function_files, job_folder, table_files, topic_files
from headrace.project.job import TOPIC
from headrace.project.job_folder import JobFolder
from headrace.project.paths import Project
from headrace.upkeep.checks import check_file, expected_counts

__all__ = ["Finding", "UnreadableError", "lint"]

_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)


class UnreadableError(UserError):
    """Some files cannot be read or rendered; `findings` are those in the others."""

    def __init__(self, problems: list[Problem], findings: list[Finding]) -> None:
        super().__init__(problems)
        self.findings = findings


def lint(project: Project, settings: Settings, names: list[str] | None = None) -> list[Finding]:
    """Return the findings in the templates of the jobs `names`, or of all jobs, in the order of the files.

    A name can also be that of a function, `function/<name>`; those of the jobs are checked with them. Raises
    UnreadableError with every problem in the jobs' and functions' files if they cannot be read or rendered.
    """
    findings: list[Finding] = []
    chosen = names or [*job_folder.names(project), *map(FUNCTION.__add__, function_files.names(project))]
    problems = [each for name in _functions(project, chosen) for each in functions.problems(project, name)]
    for name in (each for each in chosen if not each.startswith(FUNCTION)):
        try:
            findings += _job(project, settings, job_folder.load(project, name))
        except UserError as error:
            problems += error.problems
    if problems:
        raise UnreadableError(list(dict.fromkeys(problems)), sorted(findings))
    return sorted(findings)


def _functions(project: Project, names: list[str]) -> list[str]:
    """Return the functions among the names, and those that the jobs among them name."""
    called = [name.removeprefix(FUNCTION) for name in names if name.startswith(FUNCTION)]
    for name in names:
        if not name.startswith(FUNCTION):
            with suppress(UserError):  # the job's own faults are reported with it
                called += job_folder.job_of(project, name).functions
    return list(dict.fromkeys(called))


def _job(project: Project, settings: Settings, folder: JobFolder) -> list[Finding]:
    rendered_job = _rendered(project, settings, folder)
    function_names.check(project, folder, {**rendered_job.views, **rendered_job.sinks})
    tables = table_files.load_all(project)
    known = inputs(project, settings, folder.job, tables)
    linter = TemplateLinter(folder.path)
    findings = []
    columns = {name for relation in known.values() for name in relation.columns or ()}
    for view, rendered in rendered_job.views.items():
        template = Template(folder.views[view], folder.views[view].read_text(encoding="utf-8"), rendered)
        in_template, known[view,] = linter.lint(template, known, folder.job, view=view)
        findings += [*in_template, *reserved_names.findings(template, columns)]
    for sink, rendered in rendered_job.sinks.items():
        template = Template(folder.templates[sink], folder.templates[sink].read_text(encoding="utf-8"), rendered)
        described = topic_files.load(project, sink.removeprefix(TOPIC)) if sink.startswith(TOPIC) else tables[sink]
        key = tuple(described.key) if folder.job.writes[sink] == "upsert" else ()
        in_template, _ = linter.lint(
            template, known, folder.job, sink=sink, key=key, fractional=fractional(described.columns)
        )
        findings += [*in_template, *reserved_names.findings(template, columns | {*described.columns})]
    return findings


def _rendered(project: Project, settings: Settings, folder: JobFolder) -> render.Templates:
    """Return the rendered templates. Raises UserError with their faults, and those of checks and expected counts."""
    problems: list[Problem] = []
    for load in (check_file.load, expected_counts.load):
        try:
            load(project, settings, folder)
        except UserError as error:
            problems += error.problems
    try:
        rendered_job = render.job(project, settings, folder)
    except UserError as error:
        raise UserError([*error.problems, *problems]) from None
    files = {folder.views[name]: each for name, each in rendered_job.views.items()}
    files |= {folder.templates[name]: each for name, each in rendered_job.sinks.items()}
    problems += [
        Problem("the template has no SQL", Place.of(path), "write a SELECT, or remove the file")
        for path, each in files.items()
        if not _COMMENT.sub("", each.sql).strip()
    ]
    if problems:
        raise UserError(problems)
    return rendered_job
