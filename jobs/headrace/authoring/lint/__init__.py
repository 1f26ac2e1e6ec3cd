"""`lint`: what Flink would take without a word, and would do something else with than its author meant."""

from __future__ import annotations

from collections.abc import Mapping

from headrace.authoring.lint.finding import Finding
from headrace.authoring.lint.inputs import inputs
from headrace.authoring.lint.linter import Template, TemplateLinter
from headrace.compose import render
from headrace.environment.settings import Settings
from headrace.errors import Problem, UserError
from headrace.project import job_folder, table_files, topic_files
from headrace.project.job import TOPIC
from headrace.project.job_folder import JobFolder
from headrace.project.paths import Project
from headrace.project.table import Table
from headrace.upkeep.checks import expected_counts

__all__ = ["Finding", "lint"]


def lint(project: Project, settings: Settings, names: list[str] | None = None) -> list[Finding]:
    """What there is to say of the templates of the jobs called `names`, or of all jobs, in the order of the files.

    Raises UserError with all that is wrong in the jobs' files, where they cannot be read or rendered at all.
    """
    found: list[Finding] = []
    problems: list[Problem] = []
    for name in names or job_folder.names(project):
        try:
            found += _job(project, settings, job_folder.load(project, name))
        except UserError as error:
            problems += error.problems
    if problems:
        raise UserError(list(dict.fromkeys(problems)))
    return sorted(found)


def _job(project: Project, settings: Settings, folder: JobFolder) -> list[Finding]:
    expected_counts.load(project, folder.job)
    made = render.job(project, settings, folder)
    tables = table_files.load_all(project)
    known = inputs(project, settings, folder.job, tables)
    linter = TemplateLinter(folder.path)
    found = []
    for view, rendered in made.views.items():
        template = Template(folder.views[view], folder.views[view].read_text(encoding="utf-8"), rendered)
        said, known[view,] = linter.lint(template, known, folder.job, view=view)
        found += said
    for sink, rendered in made.sinks.items():
        template = Template(folder.templates[sink], folder.templates[sink].read_text(encoding="utf-8"), rendered)
        said, _ = linter.lint(template, known, folder.job, sink=sink, key=_key(project, folder, sink, tables))
        found += said
    return found


def _key(project: Project, folder: JobFolder, sink: str, tables: Mapping[str, Table]) -> tuple[str, ...]:
    """The columns by which a row of the sink replaces another; none where rows are appended."""
    if folder.job.writes[sink] != "upsert":
        return ()
    if sink.startswith(TOPIC):
        return tuple(topic_files.load(project, sink.removeprefix(TOPIC)).key)
    return tuple(tables[sink].key)
