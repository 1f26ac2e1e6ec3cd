"""The columns of a SELECT, read from its text without Flink."""

from __future__ import annotations

from collections.abc import Mapping

from sqlfluff.core import Linter

from headrace.authoring.lint import dialect, query
from headrace.authoring.lint.facts import Relation
from headrace.authoring.lint.inputs import inputs
from headrace.compose.job_statements import Composition
from headrace.compose.source_map import Rendered
from headrace.environment.settings import Settings
from headrace.project import table_files
from headrace.project.paths import Project

Names = dict[tuple[str, ...], Relation]


def columns(project: Project, settings: Settings, composition: Composition) -> Mapping[str, list[str] | None]:
    """Return the columns of each sink's SELECT, in its order; None if the text does not determine them."""
    dialect.extend()
    linter = Linter(dialect="flink")
    known = inputs(project, settings, composition.folder.job, table_files.load_all(project))
    for view, select in composition.views.items():
        known[view,] = _read(linter, select, known)
    columns_of = {sink: _read(linter, select, known).columns for sink, select in composition.selects.items()}
    return {sink: None if names is None else list(names) for sink, names in columns_of.items()}


def _read(linter: Linter, select: Rendered, known: Names) -> Relation:
    variant = linter.parse_string(select.sql + "\n").root_variant()
    return query.read(variant.tree, known).result if variant and variant.tree else Relation()
