"""Work on tables, one after the other; one that fails does not keep the others from being worked on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from pyiceberg.catalog import Catalog

from headrace.environment import iceberg
from headrace.errors import PlatformError, Problem

Described = TypeVar("Described")
Done = TypeVar("Done")


def each_table(
    catalog: Catalog,
    tables: Mapping[str, Described],
    work: Callable[[str, Described], Done | None],
    *,
    may_be_absent: bool,
) -> Iterator[Done]:
    """Yield what `work` returns for each of the tables; `may_be_absent` leaves out those that the catalog has not.

    work: called with the name of a table and what is known of it; None leaves the table out. Raises PlatformError at
    the end, with the failures of all tables.
    """
    failures: list[Problem] = []
    for name, described in tables.items():
        try:
            with iceberg.errors_reported(f"table {name} cannot be read"):
                absent = may_be_absent and not catalog.table_exists(name)
            done = None if absent else work(name, described)
        except PlatformError as failure:
            failures += failure.problems
            continue
        if done is not None:
            yield done
    if failures:
        raise PlatformError(failures)
