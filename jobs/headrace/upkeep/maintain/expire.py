"""Drop a table's old snapshots, and then the files that only they use, so that Flink still finds its last commits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import takewhile

from pyiceberg.catalog import Catalog
from pyiceberg.table import Table
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.refs import SnapshotRefType
from pyiceberg.table.snapshots import Snapshot
from pyiceberg.table.update import RemoveSnapshotRefUpdate, SetSnapshotRefUpdate

from headrace.environment import iceberg
from headrace.operations.lifecycle import expired_commits
from headrace.operations.lifecycle.expired_commits import CHECKPOINT_ID, JOB_ID, LastRows
from headrace.upkeep.maintain.flink import OPERATOR_ID, Incarnations, commit, line, superseded
from headrace.upkeep.maintain.kept import DAYS, NOTHING, Needed, kept, new_tags, old_tags
from headrace.upkeep.maintain.live_files import manifests, place, reached
from headrace.upkeep.maintain.remove_snapshots import RemoveSnapshots
from headrace.upkeep.maintain.replace import Replace
from headrace.upkeep.maintain.report import Expired, Removed


@dataclass(frozen=True)
class Plan:
    """The snapshots to drop, those whose commit by Flink is repeated at the head, and the tags of days to set or drop.

    A `carried` snapshot is dropped, or it is kept but Flink can no longer reach it from the head. `last_rows` is the
    last commit with rows of each Flink job, of all that are dropped or were dropped before.
    """

    dropped: tuple[Snapshot, ...] = ()
    carried: tuple[Snapshot, ...] = ()
    last_rows: Mapping[str, LastRows] = field(default_factory=dict)
    new_tags: Mapping[str, int] = field(default_factory=dict)
    old_tags: tuple[str, ...] = ()

    @property
    def changes(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.dropped or self.new_tags or self.old_tags)


def plan(metadata: TableMetadata, jobs: Incarnations, now: datetime, needed: Needed = NOTHING) -> Plan:
    """Plan to drop the snapshots that `kept` does not name.

    Flink finds its last commit by going back from the head, parent by parent. A gap would end that search, and Flink
    would commit the same rows twice. The last commit of a job that lies behind the first gap is therefore repeated at
    the head. That of an incarnation which a later one of the same job has replaced is not: it never starts again.
    """
    main = line(metadata, metadata.current_snapshot_id)
    if not main:
        return Plan()
    stay = kept(metadata, now, needed)
    dropped = tuple(each for each in metadata.snapshots if each.snapshot_id not in stay)
    tags = new_tags(metadata, now), tuple(old_tags(metadata, now))
    if not dropped:
        return Plan((), (), {}, *tags)
    seen = len([*takewhile(lambda each: each.snapshot_id in stay, main)])
    repeated = {commit(each) for each in main[:seen]}
    carried = []
    last_rows = expired_commits.last_rows(dropped)
    over = superseded({*last_rows, *(job for job, _ in map(commit, main) if job)}, jobs)
    for each in main[seen:]:
        job, _ = writer = commit(each)
        if job and job not in over and writer not in repeated:
            repeated.add(writer)
            carried.append(each)
    left = {job: last for job, last in last_rows.items() if job not in over}
    return Plan(dropped, tuple(carried), left, *tags)


def before(plan: Plan) -> Expired:
    """Return the report of a plan that is not carried out yet."""
    return Expired(len(plan.dropped), len(plan.carried), None if plan.dropped else Removed())


def expire(catalog: Catalog, name: str, jobs: Incarnations, now: datetime, needed: Needed = NOTHING) -> Expired:
    """Drop the snapshots in one commit, then delete the files that only they use: a crash in between leaves orphans.

    Raises PlatformError.
    """
    table, done = iceberg.commit(name, lambda: _drop(iceberg.load_table(catalog, name), jobs, now, needed))
    if not done.dropped:
        return before(done)
    with iceberg.errors_reported(f"files of old snapshots of table {name} cannot be removed"):
        return Expired(len(done.dropped), len(done.carried), _remove(table, done.dropped))


def _drop(table: Table, jobs: Incarnations, now: datetime, needed: Needed) -> tuple[Table, Plan]:
    steps = plan(table.metadata, jobs, now, needed)
    if steps.changes:
        with table.transaction() as transaction:
            # Before all else: pyiceberg copies the whole metadata for each step that follows. A transaction keeps one
            # requirement of a kind, so tags have none: that of the new snapshot is that the head has not moved.
            transaction._stage(
                tuple(RemoveSnapshotRefUpdate.model_validate({"ref-name": each}) for each in steps.old_tags)
            )
            if steps.dropped:
                ids = [each.snapshot_id for each in steps.dropped]
                transaction._stage((RemoveSnapshots.model_validate({"snapshot-ids": ids}),))
            transaction._stage(tuple(_tag(name, snapshot) for name, snapshot in steps.new_tags.items()))
            # At least one new snapshot: the catalog then checks that the head has not moved, and refuses one of two.
            for properties in _new_snapshots(steps):
                with Replace(transaction, table, properties):
                    pass
    return table, steps


def _new_snapshots(steps: Plan) -> list[dict[str, str]]:
    """Return the properties of the snapshots to add; the last one has the last commits with rows too."""
    if not steps.dropped:
        return []
    *others, last = [*map(_flinks, steps.carried)] or [{}]
    return [*others, last | expired_commits.properties(steps.last_rows)]


def _tag(name: str, snapshot: int) -> SetSnapshotRefUpdate:
    # Other engines that expire snapshots drop the tag a day later than this one.
    age_ms = int(DAYS.total_seconds() * 1000) + 2 * 86_400_000
    values = {"ref-name": name, "type": SnapshotRefType.TAG, "snapshot-id": snapshot, "max-ref-age-ms": age_ms}
    return SetSnapshotRefUpdate.model_validate(values)


def _remove(table: Table, dropped: Iterable[Snapshot]) -> Removed:
    """Delete the files of the dropped snapshots that no remaining snapshot uses."""
    kept = manifests(table.io, table.snapshots())
    old = {path: each for path, each in manifests(table.io, dropped).items() if path not in kept}
    gone = {place(path): (path, size) for path, size in reached(table.io, dropped, old)}
    for path, _ in reached(table.io, table.snapshots(), kept):
        gone.pop(place(path), None)
    for path, _ in gone.values():
        delete(table, path)
    return Removed(len(gone), sum(size for _, size in gone.values()))


def delete(table: Table, path: str) -> None:
    """Delete a file; it is not an error if another maintainer was faster."""
    try:
        table.io.delete(path)
    except FileNotFoundError:
        return


def _flinks(snapshot: Snapshot) -> dict[str, str]:
    summary = snapshot.summary.additional_properties if snapshot.summary else {}
    found = {key: value for key, value in summary.items() if key in (JOB_ID, CHECKPOINT_ID, OPERATOR_ID)}
    return found | expired_commits.committed_at(snapshot)
