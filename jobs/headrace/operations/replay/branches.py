"""Branches of tables that replays write: made empty, listed and dropped."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from pyiceberg.catalog import Catalog
from pyiceberg.table import Table
from pyiceberg.table.refs import MAIN_BRANCH, SnapshotRefType

from headrace.environment import iceberg
from headrace.environment.settings import Settings
from headrace.errors import UserError, did_you_mean
from headrace.project import table_files
from headrace.project.paths import Project

NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Branch:
    """A branch of a table: its rows, and when it was last written."""

    table: str
    name: str
    rows: int
    at: datetime


def require_free(catalog: Catalog, tables: Iterable[str], name: str) -> None:
    """Raise UserError if the name is not one of a branch, or one of the tables has such a branch: rows would mix."""
    if not NAME.fullmatch(name) or name == MAIN_BRANCH:
        what = "main is what readers see" if name == MAIN_BRANCH else f"'{name}' is not a valid name of a branch"
        raise UserError(what, "--into", "write lower case letters, digits and _, as in replay_0313")
    if taken := [table for table in tables if name in iceberg.load_table(catalog, table).metadata.refs]:
        what = f"{', '.join(taken)} has a branch '{name}': its rows and those of this replay would mix"
        raise UserError(what, "--into", f"choose another name, or drop it: headrace tables drop-branch {name}")


def create(catalog: Catalog, table: str, name: str) -> None:
    """Make a branch of the table that has no rows. A table without any snapshot gets it with its first commit."""

    def attempt() -> None:
        found = iceberg.load_table(catalog, table)
        if snapshot := found.current_snapshot():
            found.manage_snapshots().create_branch(snapshot.snapshot_id, name).commit()
            if iceberg.row_count(found):
                # All rows: whole files are taken out, and none is written again.
                iceberg.load_table(catalog, table).delete(branch=name)

    iceberg.commit(table, attempt)


def of(catalog: Catalog, tables: Iterable[str]) -> list[Branch]:
    """Return the branches of the tables besides main, by table and name. Raises PlatformError."""
    return [
        _branch(table, name, found)
        for table in tables
        if (found := iceberg.find_table(catalog, table))
        for name, ref in sorted(found.metadata.refs.items())
        if ref.snapshot_ref_type == SnapshotRefType.BRANCH and name != MAIN_BRANCH
    ]


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


def listed(project: Project, settings: Settings, names: Iterable[str] | None) -> list[Branch]:
    """Return the branches of the tables `names`, by default of all that the catalog has. Raises as `of` does."""
    catalog = iceberg.connect(settings)
    return of(catalog, _tables(project, catalog, names))


def dropped(project: Project, settings: Settings, names: Iterable[str] | None, branch: str) -> list[str]:
    """Drop the branch of the tables `names`, by default of all that the catalog has, and return those that had it.

    Raises as `drop` does.
    """
    catalog = iceberg.connect(settings)
    return drop(catalog, _tables(project, catalog, names), branch)


def _tables(project: Project, catalog: Catalog, names: Iterable[str] | None) -> list[str]:
    return [*table_files.pick(project, names)] if names else iceberg.table_names(catalog)


def _drop(catalog: Catalog, table: str, name: str) -> None:
    def attempt() -> None:
        iceberg.load_table(catalog, table).manage_snapshots().remove_branch(name).commit()

    iceberg.commit(table, attempt)


def _branch(table: str, name: str, found: Table) -> Branch:
    snapshot = found.metadata.snapshot_by_id(found.metadata.refs[name].snapshot_id)
    rows = int((snapshot and snapshot.summary and snapshot.summary["total-records"]) or 0)
    return Branch(table, name, rows, datetime.fromtimestamp((snapshot.timestamp_ms if snapshot else 0) / 1000, UTC))
