"""The names of a project's own functions: which are free, and which of them a job's SQL calls."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from headrace.compose import value_places
from headrace.compose.flink_functions import flink_functions, reserved_words
from headrace.compose.source_map import Rendered
from headrace.errors import Place, Problem, UserError
from headrace.project import function_files, yaml_file
from headrace.project.job_folder import JobFolder
from headrace.project.paths import Project
from headrace_udfs.sql_functions import FUNCTIONS
from headrace_udfs.steps import STEPS

_CALL = re.compile(r"(?<![\w$.`])([A-Za-z]\w*)\s*\(")


def clash(project: Project, name: str) -> str | None:
    """Return what a function of this name would be confused with; None if the name is free."""
    if problem := function_files.misnamed(name):
        return problem
    if name in reserved_words():
        return f"'{name}' is a word that Flink SQL reserves"
    if name in flink_functions():
        return f"'{name}' is a built-in function of Flink"
    if name in FUNCTIONS or name in STEPS:
        return f"'{name}' is one of headrace's own functions and steps"
    if any((project.sql / folder / f"{name}.sql.j2").is_file() for folder in ("_macros", "_macros/checks")):
        return f"'{name}' is a macro of this project"
    return None


def check(project: Project, folder: JobFolder, templates: Mapping[str, Rendered]) -> None:
    """Check that job.yaml names the functions that the job's SQL calls, and no others.

    `templates` are its sinks' and views' templates. Raises UserError with all faults.
    """
    job, file = folder.job, folder.path / "job.yaml"
    problems = []
    for at, name in enumerate(job.functions):
        if taken := clash(project, name):
            where = Place.of(function_files.folder(project, name) / function_files.FILE)
            problems.append(Problem(taken, where, "give the function another name, and its folder too"))
        elif not folder.module and not any(name == called for text in templates.values() for called, _ in _calls(text)):
            where = yaml_file.place(file, ("functions", at))
            problems.append(Problem(f"no template of the job calls '{name}'", where, "remove it from functions:"))
    known = {*function_files.names(project)} - {*job.functions} - flink_functions() - {*FUNCTIONS}
    files = {**folder.templates, **folder.views}
    for template, text in templates.items():
        missing = {name: line for name, line in reversed([*_calls(text)]) if name in known and template in files}
        problems += [
            Problem(
                f"job.yaml does not name the function '{name}'",
                Place.of(files[template], text.template_line(line)),
                f"add functions: [{', '.join([*job.functions, name])}] to job.yaml",
            )
            for name, line in missing.items()
        ]
    if problems:
        raise UserError(problems)


def _calls(text: Rendered) -> Iterator[tuple[str, int]]:
    """Yield each name that the SQL calls, in lower case, with its line."""
    hidden = [(region.start, region.end) for region in value_places.in_flink(text.sql)]
    for match in _CALL.finditer(text.sql):
        if not any(start <= match.start() < end for start, end in hidden):
            yield match[1].lower(), text.sql.count("\n", 0, match.start()) + 1
