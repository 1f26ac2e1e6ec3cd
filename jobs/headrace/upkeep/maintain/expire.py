"""Drop a table's old snapshots, and then the files that only they use, so that Flink still finds its last commits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile

from pyiceberg.catalog import Catalog
from pyiceberg.table import Table
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.refs import SnapshotRefType
from pyiceberg.table.snapshots import Snapshot
from pyiceberg.table.update import RemoveSnapshotsUpdate

from headrace.environment import iceberg
from headrace.operations.lifecycle.commits import CHECKPOINT_ID, JOB_ID
from headrace.upkeep.maintain.flink import OPERATOR_ID, Incarnations, commit, line, superseded
from headrace.upkeep.maintain.live_files import manifests, place, reached
from headrace.upkeep.maintain.replace import Replace
from headrace.upkeep.maintain.report import Expired, Removed

KEPT_FOR = timedelta(days=7)
"""How long a snapshot is kept if the table does not set `history.expire.max-snapshot-age-ms`."""


@dataclass(frozen=True)
class Plan:
    """The snapshots to drop, and those whose commit by Flink is repeated at the head.

    A `carried` snapshot is dropped, or it is kept but Flink can no longer reach it from the head.
    """

    dropped: tuple[Snapshot, ...]
    carried: tuple[Snapshot, ...]


def plan(metadata: TableMetadata, jobs: Incarnations, now: datetime) -> Plan:
    """Plan to drop snapshots older than the table keeps. Those that a tag or a branch's head names are kept.

    Flink finds its last commit by going back from the head, parent by parent. A gap would end that search, and Flink
    would commit the same rows twice. The last commit of a job that lies behind the first gap is therefore repeated at
    the head. That of an incarnation which a later one of the same job has replaced is not: it never starts again.
    """
    main = line(metadata, metadata.current_snapshot_id)
    if not main:
        return Plan((), ())
    kept = {snapshot.snapshot_id for snapshot in _kept(metadata, now)}
    dropped = tuple(each for each in metadata.snapshots if each.snapshot_id not in kept)
    seen = len([*takewhile(lambda each: each.snapshot_id in kept, main)])
    repeated = {commit(each) for each in main[:seen]}
    carried = []
    over = superseded({job for job, _ in map(commit, main) if job}, jobs)
    for each in main[seen:]:
        job, _ = writer = commit(each)
        if job and job not in over and writer not in repeated:
            repeated.add(writer)
            carried.append(each)
    return Plan(dropped, tuple(carried) if dropped else ())


def before(plan: Plan) -> Expired:
    """Return the report of a plan that is not carried out yet."""
    return Expired(len(plan.dropped), len(plan.carried), None if plan.dropped else Removed())


def expire(catalog: Catalog, name: str, jobs: Incarnations, now: datetime) -> Expired:
    """Drop the snapshots in one commit, then delete the files that only they use: a crash in between leaves orphans.

    Raises PlatformError.
    """
    table, done = iceberg.commit(name, lambda: _drop(iceberg.load_table(catalog, name), jobs, now))
    if not done.dropped:
        return before(done)
    with iceberg.errors_reported(f"files of old snapshots of table {name} cannot be removed"):
        return Expired(len(done.dropped), len(done.carried), _remove(table, done.dropped))


def _drop(table: Table, jobs: Incarnations, now: datetime) -> tuple[Table, Plan]:
    steps = plan(table.metadata, jobs, now)
    if steps.dropped:
        with table.transaction() as transaction:
            # At least one new snapshot: the catalog then checks that the head has not moved, and refuses one of two.
            for each in map(_flinks, steps.carried) if steps.carried else [{}]:
                with Replace(transaction, table, each):
                    pass
            ids = [each.snapshot_id for each in steps.dropped]
            transaction._stage((RemoveSnapshotsUpdate.model_validate({"snapshot-ids": ids}),))
    return table, steps


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


def _kept(metadata: TableMetadata, now: datetime) -> Iterator[Snapshot]:
    age_ms = int(metadata.properties.get("history.expire.max-snapshot-age-ms", KEPT_FOR / timedelta(milliseconds=1)))
    least = int(metadata.properties.get("history.expire.min-snapshots-to-keep", 1))
    young = now.timestamp() * 1000 - age_ms
    yield from (each for each in metadata.snapshots if each.timestamp_ms >= young)
    for ref in metadata.refs.values():
        yield from line(metadata, ref.snapshot_id)[: least if ref.snapshot_ref_type == SnapshotRefType.BRANCH else 1]


def _flinks(snapshot: Snapshot) -> dict[str, str]:
    summary = snapshot.summary.additional_properties if snapshot.summary else {}
    return {key: value for key, value in summary.items() if key in (JOB_ID, CHECKPOINT_ID, OPERATOR_ID)}
