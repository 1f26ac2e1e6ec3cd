"""Branches of tables that replays write: made empty, listed and dropped."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pyiceberg.catalog import Catalog
from pyiceberg.table import Table
from pyiceberg.table.refs import MAIN_BRANCH, SnapshotRefType

from headrace.environment import iceberg, warehouse
from headrace.environment.settings import Settings
from headrace.errors import UserError, did_you_mean
from headrace.operations.lifecycle.expired_commits import JOB_ID

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NAME = re.compile(r"[a-z][a-z0-9_]*")
WRITER = "headrace.replay.id"
"""Property of the snapshots of a branch that Flink has not written: the id of the run that writes it."""


@dataclass(frozen=True)
class Branch:
    """A branch of a table: its rows, when it was last written, and by which run. `main` is what readers see."""

    table: str
    name: str
    rows: int
    at: datetime | None
    writer: str | None = None
    replaced: bool = False
    """Whether `rows` counts rows, too, that others with their key have replaced."""

    @property
    def shown(self) -> str:
        """The name by which a query reads it."""
        return shown(self.table, self.name)


def shown(table: str, branch: str) -> str:
    """Return the name by which a query reads a branch."""
    namespace, _, name = table.partition(".")
    return table if branch == MAIN_BRANCH else f'{namespace}."{name}@{branch}"'


def valid(name: str) -> str:
    """Return the name of a branch. Raises UserError if it is none that a replay may write."""
    if not NAME.fullmatch(name) or name == MAIN_BRANCH:
        what = "main is what readers see" if name == MAIN_BRANCH else f"'{name}' is not a valid name of a branch"
        raise UserError(what, "--into", "name another one in lower case letters, digits and _, as in replay_0313")
    return name


def require_free(catalog: Catalog, tables: Iterable[str], name: str) -> None:
    """Raise UserError if one of the tables has a branch of this name: rows would mix."""
    if taken := [table for table in tables if name in iceberg.load_table(catalog, table).metadata.refs]:
        what = f"{', '.join(taken)} has a branch '{name}': its rows and those of this replay would mix"
        raise UserError(what, "--into", f"choose another name, or drop it: headrace tables drop-branch {name}")


def create(catalog: Catalog, table: str, name: str, replay: str) -> None:
    """Make a branch of the table that has no rows. Raises UserError if there is one of this name by now.

    replay: the id of the run that writes it. A table that has no snapshot gets the branch with its first commit.
    """

    def attempt() -> None:
        require_free(catalog, [table], name)
        found = iceberg.load_table(catalog, table)
        if found.metadata.snapshots:
            # A snapshot without a parent: it has none of the rows of main.
            with found.transaction() as transaction:
                transaction.update_snapshot({WRITER: replay}, branch=name).fast_append().commit()

    iceberg.commit(table, attempt)


def of(catalog: Catalog, tables: Iterable[str]) -> list[Branch]:
    """Return the branches of the tables besides main, by table and name. Raises PlatformError."""
    return [
        branch(table, found, name)
        for table in tables
        if (found := iceberg.find_table(catalog, table))
        for name, ref in sorted(found.metadata.refs.items())
        if ref.snapshot_ref_type == SnapshotRefType.BRANCH and name != MAIN_BRANCH
    ]


def branch(table: str, found: Table, name: str = MAIN_BRANCH) -> Branch:
    """Return a branch of a table that was loaded."""
    snapshot = found.snapshot_by_name(name)
    if snapshot is None or snapshot.summary is None:
        return Branch(table, name, 0, None)
    told, at = snapshot.summary, datetime.fromtimestamp(snapshot.timestamp_ms / 1000, UTC)
    replaced = int(told["total-equality-deletes"] or 0) > 0
    return Branch(table, name, int(told["total-records"] or 0), at, told[WRITER] or told[JOB_ID], replaced)


def counted(settings: Settings, found: Iterable[Branch]) -> tuple[Branch, ...]:
    """Return the branches with their rows counted where some are replaced. Raises PlatformError."""
    known = list(found)
    if not (keyed := {each.table for each in known if each.replaced}):
        return tuple(known)
    with warehouse.open(settings, keyed) as connection:
        return tuple(_counted(connection, each) if each.replaced else each for each in known)


def _counted(connection: DuckDBPyConnection, found: Branch) -> Branch:
    with warehouse.errors_reported():
        row = connection.table_function("query_table", [found.shown]).aggregate("count(*)").fetchone()
    return replace(found, rows=row[0] if row else 0, replaced=False)


def drop(catalog: Catalog, tables: Iterable[str], name: str) -> list[str]:
    """Remove the branch from each of the tables that has it, and return these. Its files go with the next `maintain`.

    Raises UserError if none has it; PlatformError.
    """
    known = of(catalog, tables)
    having = [each.table for each in known if each.name == name]
    if not having:
        names = sorted({each.name for each in known})
        raise UserError(f"no table has a branch '{name}'", fix=did_you_mean(name, names, "branches"))
    for table in having:
        _drop(catalog, table, name)
    return having


def _drop(catalog: Catalog, table: str, name: str) -> None:
    def attempt() -> None:
        iceberg.load_table(catalog, table).manage_snapshots().remove_branch(name).commit()

    iceberg.commit(table, attempt)
