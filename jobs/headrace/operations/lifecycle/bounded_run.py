"""A run that ends by itself: at which offsets it stops, and what it has stored."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from pyiceberg.table import Table

from headrace.compose.job_statements import leftover_tables
from headrace.environment import iceberg
from headrace.environment.settings import Settings
from headrace.operations.ledger import Entry
from headrace.operations.lifecycle.expired_commits import JOB_ID, added_rows
from headrace.operations.lifecycle.operation_context import OperationContext
from headrace.operations.submission import Prepared
from headrace.project import job_folder, source_files
from headrace.project.paths import Project

_LISTED = 4
"""Partitions whose offsets are listed; of more, only the number of records is shown."""


def end_of(context: OperationContext, prepared: Prepared) -> str:
    """Return at which offsets the run stops reading each of its topics, and how many offsets that are at most."""
    now = datetime.now(UTC)
    return "; ".join(
        _end(topic, prepared.starts[topic], ends, now)
        for topic, ends in (
            (source_files.load(context.project, source).topic, ends) for source, ends in prepared.ends.items()
        )
    )


def stored(project: Project, settings: Settings, entry: Entry) -> dict[str, int]:
    """Return the number of rows that the entry's incarnation has added, by table. Raises PlatformError.

    Rows of commits whose snapshots have expired are not counted.
    """
    folder, catalog = job_folder.load(project, entry.job), iceberg.connect(settings)
    names = [*folder.job.tables_written, *leftover_tables(project, settings, folder)]
    return {name: _added(iceberg.load_table(catalog, name), entry.flink_job_id) for name in dict.fromkeys(names)}


def sentence(rows: Mapping[str, int]) -> str:
    """Return what is stored as text: `12,300 rows of historian.readings, 45 of historian.dead_letters`."""
    counted = [
        f"{number:,} {'rows ' if not place else ''}of {name}" for place, (name, number) in enumerate(rows.items())
    ]
    return ", ".join(counted) or "no table"


def _added(table: Table, job_id: str) -> int:
    return sum(added_rows(each) for each in table.snapshots() if each.summary and each.summary[JOB_ID] == job_id)


def _end(topic: str, starts: Mapping[int, int], ends: Mapping[int, int], now: datetime) -> str:
    offsets = sum(max(0, end - starts.get(partition, 0)) for partition, end in ends.items())
    listed = ", ".join(f"{end:,} of partition {partition}" for partition, end in sorted(ends.items()))
    until = f", up to offset {listed}" if len(ends) <= _LISTED else ""
    return f"it reads {topic} to its end at {now:%Y-%m-%d %H:%M:%S} UTC: {offsets:,} offsets{until}"
