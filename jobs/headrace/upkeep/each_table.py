"""Work on tables, one after the other; one that fails does not keep the others from being worked on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from pyiceberg.catalog import Catalog

from headrace.environment import iceberg
from headrace.errors import PlatformError, Problem
from headrace.project.paths import Project
from headrace.project.table import Table
from headrace.project.table_files import pick

Done = TypeVar("Done")


def each_table(
    project: Project, catalog: Catalog, names: Iterable[str] | None, work: Callable[[str, Table], Done | None]
) -> Iterator[Done]:
    """Yield what `work` returns for each of the tables `names`; by default, for all that the catalog has.

    work: called with the name of a table and what its YAML says; None leaves the table out. Raises UserError for a
    name without a file, and at the end PlatformError with the failures of all tables.
    """
    failures: list[Problem] = []
    for name, described in pick(project, names).items():
        try:
            with iceberg.errors_reported(f"table {name} cannot be read"):
                absent = names is None and not catalog.table_exists(name)
            done = None if absent else work(name, described)
        except PlatformError as failure:
            failures += failure.problems
            continue
        if done is not None:
            yield done
    if failures:
        raise PlatformError(failures)
