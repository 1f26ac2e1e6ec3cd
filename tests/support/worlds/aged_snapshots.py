"""A table's metadata with snapshots of given ages, without any file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC
from pyiceberg.schema import Schema
from pyiceberg.table.metadata import TableMetadata, new_table_metadata
from pyiceberg.table.refs import SnapshotRef, SnapshotRefType
from pyiceberg.table.snapshots import Operation, Snapshot, Summary
from pyiceberg.table.sorting import UNSORTED_SORT_ORDER
from pyiceberg.typedef import EMPTY_DICT
from pyiceberg.types import LongType, NestedField

NOW = datetime(2026, 3, 8, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def table(
    ages: Iterable[timedelta], tags: Mapping[str, int] = EMPTY_DICT, properties: dict[str, str] = EMPTY_DICT
) -> TableMetadata:
    """Return a table with a snapshot per age, oldest first, whose ids count from 1; tags are by id."""
    times = [round((NOW - age).timestamp() * 1000) for age in sorted(ages, reverse=True)]
    summary = Summary(Operation.APPEND, **{"flink.job-id": "j", "flink.max-committed-checkpoint-id": "1"})
    snapshots = [
        Snapshot.model_validate(
            {
                "snapshot-id": number,
                "parent-snapshot-id": number - 1 or None,
                "sequence-number": number,
                "timestamp-ms": at,
                "manifest-list": f"{number}.avro",
                "summary": summary,
            }
        )
        for number, at in enumerate(times, start=1)
    ]
    refs = {"main": named(len(snapshots), SnapshotRefType.BRANCH)}
    refs |= {name: named(of) for name, of in tags.items()}
    schema = Schema(NestedField(1, "n", LongType(), required=False))
    made = new_table_metadata(schema, UNPARTITIONED_PARTITION_SPEC, UNSORTED_SORT_ORDER, "file:///t", properties)
    return made.model_copy(update={"snapshots": snapshots, "refs": refs, "current_snapshot_id": len(snapshots) or None})


def named(snapshot: int, kind: SnapshotRefType = SnapshotRefType.TAG) -> SnapshotRef:
    """Return a tag or a branch of the snapshot."""
    return SnapshotRef.model_validate({"snapshot-id": snapshot, "type": kind})
