"""Drop old snapshots from a table, never what Flink needs to find its commits, and then the files only they had."""

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
"""How long a snapshot is kept where the table's `history.expire.max-snapshot-age-ms` does not say."""


@dataclass(frozen=True)
class Plan:
    """Snapshots to drop, and those of them (or of the kept, out of Flink's sight then) to say again at the head."""

    dropped: tuple[Snapshot, ...]
    carried: tuple[Snapshot, ...]


def plan(metadata: TableMetadata, jobs: Incarnations, now: datetime) -> Plan:
    """What is older than the table keeps. All that a tag, or a branch's head, names is kept.

    Flink finds what it has committed by going back from the head, parent by parent, to the last snapshot of its own. A
    gap would end that, and its rows come twice: so what is kept is one run, and the last commit of a job (a job's
    earlier incarnation aside, which is never started again) that would lie behind its end is carried to the head.
    """
    main = line(metadata, metadata.current_snapshot_id)
    if not main:
        return Plan((), ())
    kept = {snapshot.snapshot_id for snapshot in _kept(metadata, now)}
    dropped = tuple(each for each in metadata.snapshots if each.snapshot_id not in kept)
    seen = len([*takewhile(lambda each: each.snapshot_id in kept, main)])
    told = {commit(each) for each in main[:seen]}
    carried = []
    over = superseded({job for job, _ in map(commit, main) if job}, jobs)
    for each in main[seen:]:
        job, _ = found = commit(each)
        if job and job not in over and found not in told:
            told.add(found)
            carried.append(each)
    return Plan(dropped, tuple(carried) if dropped else ())


def told(made: Plan) -> Expired:
    """The plan before anything is done."""
    return Expired(len(made.dropped), len(made.carried), None if made.dropped else Removed())


def expire(catalog: Catalog, name: str, jobs: Incarnations, now: datetime) -> Expired:
    """Drop the snapshots in one commit, and then delete their files: a crash between leaves orphans.

    Raises PlatformError.
    """
    table, made = iceberg.commit(name, lambda: _drop(iceberg.load_table(catalog, name), jobs, now))
    if not made.dropped:
        return told(made)
    with iceberg.errors_reported(f"files of old snapshots of table {name} cannot be removed"):
        return Expired(len(made.dropped), len(made.carried), _remove(table, made.dropped))


def _drop(table: Table, jobs: Incarnations, now: datetime) -> tuple[Table, Plan]:
    made = plan(table.metadata, jobs, now)
    if made.dropped:
        with table.transaction() as transaction:
            # One at least: the catalog asserts the head that a snapshot goes upon, and of two maintainers refuses one.
            for each in map(_flinks, made.carried) if made.carried else [{}]:
                with Replace(transaction, table, each):
                    pass
            ids = [each.snapshot_id for each in made.dropped]
            transaction._stage((RemoveSnapshotsUpdate.model_validate({"snapshot-ids": ids}),))
    return table, made


def _remove(table: Table, dropped: Iterable[Snapshot]) -> Removed:
    """Delete what the dropped snapshots are made of and no other one is."""
    kept = manifests(table.io, table.snapshots())
    old = {path: each for path, each in manifests(table.io, dropped).items() if path not in kept}
    gone = {place(path): (path, size) for path, size in reached(table.io, dropped, old)}
    for path, _ in reached(table.io, table.snapshots(), kept):
        gone.pop(place(path), None)
    for path, _ in gone.values():
        delete(table, path)
    return Removed(len(gone), sum(size for _, size in gone.values()))


def delete(table: Table, path: str) -> None:
    """Delete a file; that another maintainer was faster is no fault."""
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
    said = snapshot.summary.additional_properties if snapshot.summary else {}
    return {key: value for key, value in said.items() if key in (JOB_ID, CHECKPOINT_ID, OPERATOR_ID)}
