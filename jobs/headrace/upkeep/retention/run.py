"""Delete the rows of tables that are older than their retention, table after table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from pyiceberg.catalog import Catalog
from pyiceberg.manifest import DataFile
from pyiceberg.table.snapshots import Operation

from headrace.environment import iceberg
from headrace.environment.settings import Settings
from headrace.operations import deleted_rows
from headrace.project import table_files
from headrace.project.paths import Project
from headrace.project.retention import Retention
from headrace.project.table import Table
from headrace.upkeep.each_table import each_table
from headrace.upkeep.maintain import compact
from headrace.upkeep.maintain.choose import Group, batched
from headrace.upkeep.maintain.deletes import Deletes
from headrace.upkeep.maintain.live_files import Live, LiveFile
from headrace.upkeep.maintain.replace import Replace
from headrace.upkeep.retention.expired import Expired, Policy, expired, held, recorded, without
from headrace.upkeep.retention.needed import needed
from headrace.upkeep.retention.report import Deleted, Report

Progress = Callable[[str], None]


def apply(
    project: Project,
    settings: Settings,
    names: Iterable[str] | None = None,
    *,
    dry_run: bool = False,
    progress: Progress = lambda _step: None,
) -> Iterator[Report]:
    """Delete the old rows of the tables `names` (default: all that have a retention) and yield their reports.

    Deleted rows are recorded in historian.deleted_rows before they go. A dry run writes nothing. It may be interrupted
    at any point, and may run while jobs write. If a table fails, the others are worked on all the same. Raises
    UserError, and at the end PlatformError with all failures.
    """
    catalog = iceberg.connect(settings)

    def work(name: str, described: Table) -> Report | None:
        if not described.retention:
            return None
        progress(f"{name}: rows to delete")
        one = _Work(project, catalog, name, described.retention, progress)
        return one.report() if dry_run else one.done()

    yield from each_table(catalog, table_files.pick(project, names), work, may_be_absent=names is None)


def preview(project: Project, settings: Settings, name: str, retention: Retention) -> Report:
    """Return what `apply` would delete from the table with another retention. Raises UserError, PlatformError."""
    return _Work(project, iceberg.connect(settings), name, retention, lambda _step: None).report()


class _Work:
    """One table, and what is to be deleted from it."""

    def __init__(self, project: Project, catalog: Catalog, name: str, retention: Retention, progress: Progress) -> None:
        self._catalog, self._name, self._retention, self._progress = catalog, name, retention, progress
        self._need = needed(project, catalog, name)
        self._policy = Policy(retention, _now(), self._need.since if self._need else None)
        self._table = iceberg.load_table(catalog, name)
        with iceberg.errors_reported(f"files of table {name} cannot be read"):
            self._live = Live.of(self._table)
            self._expired = [*expired(self._table, self._live, self._policy)]

    def report(self) -> Report:
        """Return the report of what is to be deleted."""
        return self._of(self._expired)

    def done(self) -> Report:
        """Delete the rows and return the report."""
        deleted_rows.record(self._catalog, recorded(self._table, self._retention, self._expired, self._policy.now))
        done = self._committed([each for each in self._expired if each.whole], {})
        groups = {self._group(members): members for members in self._in_part()}
        for batch in batched(groups):
            written = {}
            for group in batch:
                self._progress(f"{self._name}: {group.partition}, {group.rows:,} rows")
                keep = without(self._retention, self._policy.classes(groups[group][0].end))
                written[group] = compact.rewritten(self._name, self._table, group, keep)
            done |= self._committed([], written)
        return self._of([each for each in self._expired if each.file in done])

    def _in_part(self) -> Iterable[list[Expired]]:
        """Return the files some of whose rows stay, by partition."""
        partitions: dict[str, list[Expired]] = defaultdict(list)
        for each in self._expired:
            if not each.whole:
                partitions[each.partition].append(each)
        return partitions.values()

    def _group(self, members: Sequence[Expired]) -> Group:
        deletes = Deletes(self._table, self._live.deletes)
        applied = {delete: None for each in members for delete in deletes.of(each.file)}
        return Group(members[0].partition, True, tuple(each.file for each in members), tuple(applied))

    def _committed(self, whole: Sequence[Expired], written: Mapping[Group, list[DataFile]]) -> set[LiveFile]:
        """Commit the deletion of whole files and the rewritten groups; return the files that are gone.

        Files that another writer has replaced, and groups with rows that were deleted meanwhile, are left out.
        """
        return iceberg.commit(self._name, partial(self._replaced, whole, written))

    def _replaced(self, whole: Sequence[Expired], written: Mapping[Group, list[DataFile]]) -> set[LiveFile]:
        table = iceberg.load_table(self._catalog, self._name)
        if compact.shape(table) != compact.shape(self._table):
            return set()
        live, sequence = Live.of(table), compact.sequence_of(self._table)
        deletes = Deletes(table, live.deletes)
        groups = [each for each in written if compact.replaceable(each, live, deletes, sequence)]
        gone = {each.file for each in whole}.intersection(live.data) | {each for group in groups for each in group.data}
        added = [file for group in groups for file in written[group]]
        if gone:
            kind = Operation.OVERWRITE if added else Operation.DELETE
            with (
                table.transaction() as transaction,
                Replace(transaction, table, sequence=sequence, operation=kind) as snapshot,
            ):
                for each in gone:
                    snapshot.delete_data_file(each.file)
                for file in added:
                    snapshot.append_data_file(file)
        return gone

    def _of(self, files: Iterable[Expired]) -> Report:
        parts: dict[tuple[str, str], Deleted] = {}
        for each in files:
            for tags, rows in each.rows.items():
                was = parts.get((each.partition, tags), Deleted(tags, each.partition, 0, 0, 0, 0))
                parts[each.partition, tags] = replace(
                    was,
                    rows=was.rows + rows,
                    bytes=was.bytes + each.bytes(tags),
                    files=was.files + 1,
                    whole_files=was.whole_files + each.whole,
                )
        deleted = tuple(part for _, part in sorted(parts.items()))
        return Report(self._name, str(self._retention), deleted, tuple(self._notes()))

    def _notes(self) -> Iterator[str]:
        if self._need and (kept := held(self._table, self._live, self._policy)):
            yield f"files with older rows that stay: {kept:,}, because {self._need.why}"
        if old := sum(each.file.spec_id != self._table.spec().spec_id for each in self._live.data):
            yield f"files of an earlier partition layout, which are left as they are: {old:,}"


def _now() -> datetime:
    return datetime.now(UTC)
