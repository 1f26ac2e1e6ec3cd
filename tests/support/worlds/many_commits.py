"""Tables with as many commits as jobs make in days, written straight into the metadata, as Flink's sink leaves them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from pyiceberg.manifest import ManifestFile, write_manifest_list
from pyiceberg.table import Table
from pyiceberg.table.update.snapshot import _new_manifest_list_file_name

from headrace.environment import iceberg
from headrace.environment.settings import Settings

JOB, OPERATOR = "a" * 32, "e883208d19e3c34f8aaf2a3168a63337"


@dataclass(frozen=True)
class Commits:
    """Commits of one Flink job, one `every` so often from `first_at` on, whose summaries name `rows` rows each."""

    first_at: datetime
    every: timedelta
    rows: int = 0

    def add(self, settings: Settings, name: str, count: int) -> None:
        """Add the first `count` of them to a table of an SQLite catalog.

        Each has a manifest list of its own with the manifests of the head, so that the data files stay as they are.
        """
        table = iceberg.load_table(iceberg.connect(settings), name)
        stored = json.loads(_path(table.metadata_location).read_text(encoding="utf-8"))
        head = table.current_snapshot()
        written = ""
        for each in self._snapshots(table, count):
            path = f"{table.location()}/metadata/{_new_manifest_list_file_name(each['snapshot-id'], 0, uuid4())}"
            if written:
                # The same content under a name of its own, because 100,000 files take minutes to write.
                _path(path).hardlink_to(_path(written))
            else:
                _write_list(table, path, each, head.manifests(table.io) if head else [])
            written = each["manifest-list"] = path
            stored["snapshots"].append(each)
            stored["snapshot-log"].append({key: each[key] for key in ("snapshot-id", "timestamp-ms")})
            stored |= {"current-snapshot-id": each["snapshot-id"], "last-sequence-number": each["sequence-number"]}
        stored["refs"]["main"] = {"snapshot-id": stored["current-snapshot-id"], "type": "branch"}
        stored["last-updated-ms"] = stored["snapshots"][-1]["timestamp-ms"]
        _put(settings, table, stored)

    def _snapshots(self, table: Table, count: int) -> Iterator[dict[str, Any]]:
        head, total = table.current_snapshot(), iceberg.row_count(table)
        parent = head.snapshot_id if head else None
        for number in range(count):
            sequence = table.metadata.next_sequence_number() + number
            yield {
                "sequence-number": sequence,
                "snapshot-id": (identity := uuid4().int >> 66),
                **({} if parent is None else {"parent-snapshot-id": parent}),
                "timestamp-ms": round((self.first_at + number * self.every).timestamp() * 1000),
                "schema-id": table.metadata.current_schema_id,
                "summary": _summary(sequence, self.rows, total),
            }
            parent = identity


def _summary(checkpoint: int, rows: int, total: int) -> dict[str, str]:
    return {
        "operation": "append",
        "flink.job-id": JOB,
        "flink.operator-id": OPERATOR,
        "flink.max-committed-checkpoint-id": str(checkpoint),
        **({"added-data-files": "2", "added-records": str(rows), "added-files-size": "24690"} if rows else {}),
        "changed-partition-count": "1",
        "total-records": str(total),
        "total-files-size": "12345",
        "total-data-files": "1",
        "total-delete-files": "0",
        "total-position-deletes": "0",
        "total-equality-deletes": "0",
        "engine-version": "2.1.0",
        "app-id": "a job of many commits",
        "engine-name": "flink",
        "iceberg-version": "Apache Iceberg 1.11.0 (commit 0123456789abcdef0123456789abcdef01234567)",
    }


def _write_list(table: Table, path: str, snapshot: dict[str, Any], manifests: list[ManifestFile]) -> None:
    with write_manifest_list(
        format_version=2,
        output_file=table.io.new_output(path),
        snapshot_id=snapshot["snapshot-id"],
        parent_snapshot_id=snapshot.get("parent-snapshot-id"),
        sequence_number=snapshot["sequence-number"],
        avro_compression="null",
    ) as writer:
        writer.add_manifests(manifests)


def date_back(settings: Settings, name: str, at: datetime) -> None:
    """Let the snapshots of a table that are later than `at` be from then."""
    table = iceberg.load_table(iceberg.connect(settings), name)
    stored = json.loads(_path(table.metadata_location).read_text(encoding="utf-8"))
    for each in (*stored.get("snapshots", ()), *stored.get("snapshot-log", ())):
        each["timestamp-ms"] = min(each["timestamp-ms"], round(at.timestamp() * 1000))
    _put(settings, table, stored)


def _put(settings: Settings, table: Table, metadata: dict[str, Any]) -> None:
    before = table.metadata_location
    version = int(Path(before).name.partition("-")[0]) + 1
    after = f"{before.rpartition('/')[0]}/{version:05}-{uuid4()}.metadata.json"
    _path(after).write_text(json.dumps(metadata), encoding="utf-8")
    with sqlite3.connect(settings.catalog.address) as catalog:
        change = "update iceberg_tables set metadata_location = ?, previous_metadata_location = ?"
        catalog.execute(f"{change} where metadata_location = ?", (after, before, before))


def _path(location: str) -> Path:
    return Path(location.removeprefix("file://"))
