"""Every statement of a job, in the order in which Flink gets them, as text that a person reads."""

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

_BY_NAME = "-- Flink alone can tell the columns of this SELECT: they go by name, and here stand as the sink has them.\n"

Columns = Mapping[str, Iterable[str] | None]
"""The columns that the SELECT of each sink gives, in its order; None where they cannot be told."""


def of_job(project: Project, settings: Settings, name: str) -> list[str]:
    """The job's statements, references unresolved and secrets hidden. Raises UserError for faults in its files."""
    shown = masked(settings)
    composition = compose(project, shown, job_folder.load(project, name), LiveConnectors(shown))
    return of(composition, select_columns.columns(project, shown, composition))


def of(composition: Composition, columns: Columns) -> list[str]:
    """The statements of a composition, references unresolved."""
    views = [render.engine("view", view=view, select=Sql(select.sql)) for view, select in composition.views.items()]
    inserts = [_insert(composition, sink, columns.get(sink)) for sink in composition.selects]
    return [*composition.setup(), *views, *inserts, *composition.leftovers()]


def text(statements: list[str]) -> str:
    """The statements as one script, each with its semicolon; nothing for none."""
    return "".join(f"{statement.rstrip()};\n\n" for statement in statements).removesuffix("\n")


def difference(project: Project, env: str, name: str, ref: str) -> str:
    """A unified diff of the job's statements from the git ref `ref` to the working tree.

    Raises UserError where the job is in neither, or is faulty in one of them.
    """
    settings = environments.load(project, env)
    with git_ref.at(project, ref) as then:
        there = name in job_folder.names(then)
        was = text(of_job(then, git_ref.settings_at(then, env, settings), name)) if there else ""
    gone = there and name not in job_folder.names(project)
    now = "" if gone else text(of_job(project, settings, name))
    return unified(was, now, f"{name} at {ref}", name)


def unified(was: str, now: str, was_name: str, now_name: str) -> str:
    """A unified diff as one text; empty where there is none."""
    lines = difflib.unified_diff(was.splitlines(), now.splitlines(), was_name, now_name, lineterm="")
    return "".join(f"{line}\n" for line in lines)


def _insert(composition: Composition, sink: str, columns: Iterable[str] | None) -> str:
    insert = composition.insert(sink, list(columns or composition.sinks[sink].columns))
    return insert if columns else _BY_NAME + insert
