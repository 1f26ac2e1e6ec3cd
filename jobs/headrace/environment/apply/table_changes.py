"""Plan and apply changes to tables: one transaction per table, and none at all if any change is refused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from pyiceberg.catalog import Catalog
from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.table import Table as StoredTable
from pyiceberg.table import Transaction
from pyiceberg.transforms import IdentityTransform

from headrace.environment import iceberg
from headrace.environment.apply.diff import Change, changes, creation, partition_of, removed_properties, sort_of
from headrace.environment.apply.unsafe import kept, refusals
from headrace.environment.settings import Settings
from headrace.errors import CheckFailed, Problem
from headrace.project.paths import Project
from headrace.project.table import Table
from headrace.project.table_files import path_of, pick

FORMAT_VERSION = "2"
"""Version of Iceberg's format that Flink's sink, pyiceberg and DuckDB all read and write."""


@dataclass(frozen=True)
class TablePlan:
    """A table with its changes and refused changes; without either, it matches its file.

    `kept` are columns that its file lacks: they stay in the table, null in rows written from now on.
    """

    name: str
    changes: tuple[Change, ...]
    refused: tuple[Problem, ...]
    kept: tuple[str, ...] = ()

    @property
    def action(self) -> Literal["create", "change", "unchanged", "refuse"]:
        """The action of `apply` on the table."""
        if self.refused:
            return "refuse"
        if not self.changes:
            return "unchanged"
        return "create" if self.changes[0].kind == "create" else "change"


def plan(project: Project, settings: Settings, names: Iterable[str] | None = None) -> list[TablePlan]:
    """Return what `apply` would do to the tables `names` (default: all). Raises UserError or PlatformError."""
    tables = pick(project, names)
    catalog = iceberg.connect(settings)
    return [_compare(project, catalog, name, table)[0] for name, table in tables.items()]


def apply(project: Project, settings: Settings, names: Iterable[str] | None = None) -> list[TablePlan]:
    """Change the tables `names` (default: all) to match their files, and return what was done.

    A SQL catalog that does not exist is created: nothing else creates one.

    Raises CheckFailed with every unsafe change before any table is changed; UserError; PlatformError.
    """
    tables = pick(project, names)
    catalog = iceberg.connect(settings, create=True)
    require_safe(_compare(project, catalog, name, table)[0] for name, table in tables.items())
    return [iceberg.commit(name, partial(_apply, project, catalog, name, table)) for name, table in tables.items()]


def require_safe(plans: Iterable[TablePlan]) -> None:
    """Raise CheckFailed with every change that the plans refuse, if there is one."""
    if problems := [problem for each in plans for problem in each.refused]:
        raise CheckFailed(problems)


def _compare(project: Project, catalog: Catalog, name: str, table: Table) -> tuple[TablePlan, StoredTable | None]:
    try:
        with iceberg.errors_reported(f"table {name} cannot be read", passing=(NoSuchTableError,)):
            stored = catalog.load_table(name)
    except NoSuchTableError:
        return TablePlan(name, tuple(creation(table)), ()), None
    steps, problems = changes(table, stored.metadata), refusals(table, stored.metadata, path_of(project, name))
    return TablePlan(name, tuple(steps), tuple(problems), tuple(kept(table, stored.metadata))), stored


def _apply(project: Project, catalog: Catalog, name: str, table: Table) -> TablePlan:
    plan, stored = _compare(project, catalog, name, table)
    require_safe([plan])
    if stored is None:
        catalog.create_namespace_if_not_exists(name.partition(".")[0])
        catalog.create_table(
            name,
            schema=table.iceberg_schema(),
            partition_spec=table.partition_spec(),
            sort_order=table.sort_order(),
            properties={"format-version": FORMAT_VERSION, **table.all_properties},
        )
    elif plan.changes:
        _evolve(stored, table)
    return plan


def _evolve(stored: StoredTable, table: Table) -> None:
    with stored.transaction() as transaction:
        with transaction.update_schema() as schema:
            schema.union_by_name(table.iceberg_schema())
        _repartition(transaction, table)
        if sort_of(stored.metadata) != table.sort:
            with transaction.update_sort_order() as order:
                for field in table.sort:
                    add = order.desc if field.descending else order.asc
                    add(field.column, IdentityTransform(), field.nulls)
        transaction.set_properties(table.all_properties)
        if removed := removed_properties(table, stored.metadata):
            transaction.remove_properties(*removed)


def _repartition(transaction: Transaction, table: Table) -> None:
    stored = partition_of(transaction.table_metadata)
    names = [field.name for field in transaction.table_metadata.spec().fields]
    with transaction.update_spec() as spec:
        for field, name in zip(stored, names, strict=True):
            if field not in table.partition:
                spec.remove_field(name)
        for field in table.partition:
            if field not in stored:
                spec.add_field(field.column, field.transform, field.name)
