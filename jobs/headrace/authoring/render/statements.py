"""Every statement of a job, in the order in which Flink gets them, as readable text."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from headrace.authoring.render import select_columns
from headrace.compose import render
from headrace.compose.connectors import LiveConnectors
from headrace.compose.job_statements import Composition, compose
from headrace.compose.sql_text import Sql
from headrace.environment import git_ref
from headrace.environment import settings as environments
from headrace.environment.masking import masked
from headrace.environment.settings import Settings
from headrace.project import job_folder
from headrace.project.paths import Project

_BY_NAME = (
    "-- Only Flink can resolve this SELECT's columns. They are matched by name, and listed here as the sink has them.\n"
)

Columns = Mapping[str, Iterable[str] | None]
"""The columns of each sink's SELECT, in its order; None if they are unknown."""


def of_job(project: Project, settings: Settings, name: str) -> list[str]:
    """Return the job's statements, references unresolved and secrets masked. Raises UserError for faulty files."""
    shown = masked(settings)
    composition = compose(project, shown, job_folder.load(project, name), LiveConnectors(shown))
    return of(composition, select_columns.columns(project, shown, composition))


def for_duckdb(project: Project, settings: Settings, name: str) -> dict[str, str]:
    """Return the SQL of the job's checks and expected counts, by file name. Raises UserError for faulty files."""
    folder, shown = job_folder.load(project, name), masked(settings)
    return {path.name: render.for_duckdb(project, shown, folder, path).sql for path in folder.duckdb_templates}


def of(composition: Composition, columns: Columns) -> list[str]:
    """Return the statements of a composition, references unresolved."""
    views = [render.engine("view", view=view, select=Sql(select.sql)) for view, select in composition.views.items()]
    written = [text for sink in composition.selects for text in _written(composition, sink, columns.get(sink))]
    return [*composition.setup(), *views, *written, *composition.leftovers()]


def text(statements: list[str]) -> str:
    """Return the statements as one script, each with a semicolon; an empty string if there are none."""
    return "".join(f"{statement.rstrip()};\n\n" for statement in statements).removesuffix("\n")


def difference(project: Project, env: str, name: str, ref: str) -> str:
    """Return a unified diff of the job's statements from the git ref `ref` to the working tree.

    Raises UserError if neither has the job, or if its files are faulty in one of them.
    """
    settings = environments.load(project, env)
    with git_ref.at(project, ref) as then:
        existed = name in job_folder.names(then)
        was = text(of_job(then, git_ref.settings_at(then, env, settings), name)) if existed else ""
    gone = existed and name not in job_folder.names(project)
    now = "" if gone else text(of_job(project, settings, name))
    return unified(was, now, f"{name} at {ref}", name)


def unified(was: str, now: str, was_name: str, now_name: str) -> str:
    """Return a unified diff as one string; empty if the texts are equal."""
    lines = difflib.unified_diff(was.splitlines(), now.splitlines(), was_name, now_name, lineterm="")
    return "".join(f"{line}\n" for line in lines)


def _written(composition: Composition, sink: str, columns: Iterable[str] | None) -> list[str]:
    """Return the view of the sink's SELECT, and the INSERT of its rows."""
    insert = composition.insert_of_view(sink, list(columns or composition.sinks[sink].columns))
    return [composition.view_of(sink), insert if columns else _BY_NAME + insert]
