"""Run a job's own SQL over stored readings, on real Flink, to get the rows that it writes if no reading is late."""

from __future__ import annotations

import json
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from headrace.environment.settings import Settings
from headrace.errors import PlatformError
from headrace.planner.in_process.case import Case, CaseSettings
from headrace.planner.in_process.minicluster import MiniCluster
from headrace.planner.in_process.results import run_case
from headrace.planner.in_process.values import Row
from headrace.project.job import Job
from headrace.project.paths import Project
from headrace.project.system_tables import DEAD_LETTERS
from headrace_udfs.contract import LONGEST_MESSAGE, Contract, FieldSpec

# No field's name begins with an underscore.
_TS, _QUALITY = "_ts", "_quality"


def rerun(
    project: Project,
    settings: Settings,
    cluster: MiniCluster,
    *,
    job: Job,
    source: Contract,
    readings: pa.Table,
    name: str,
) -> list[Row]:
    """Return the rows that the job's table gets from the readings (the contract's fields, ts and quality).

    `name` distinguishes this run from the cluster's others. Raises PlatformError if a reading is refused or late.
    """
    folder = cluster.folder / f"{job.name.replace('/', '.')}-{name}"
    own = Project(folder, project.home)
    shutil.copytree(project.sql, own.sql)
    _write(own.sql / "_sources" / f"{job.sources[0]}.yaml", source)
    messages = folder / "messages.jsonl"
    with messages.open("w", encoding="utf-8") as file:
        for batch in readings.select([*_stored(source), "ts", "quality"]).to_batches(max_chunksize=10_000):
            file.writelines(json.dumps(_message(row), ensure_ascii=False) + "\n" for row in batch.to_pylist())
    case = Case(job.name, name, folder, CaseSettings(), {job.sources[0]: messages}, {}, {})
    results = run_case(own, settings, cluster, case)
    for refused in (DEAD_LETTERS, job.late_table):
        if rows := results.get(refused):
            raise PlatformError(
                f"{len(rows):,} stored readings were not accepted again, the first: {rows[0]}", job.name
            )
    return results[job.tables_written[0]]


def _stored(source: Contract) -> dict[str, FieldSpec]:
    """Return the fields that readings have as they are stored: masked, and without those that are dropped."""
    return {name: field for name, field in source.fields.items() if name in source.columns}


def _write(path: Path, source: Contract) -> None:
    """Write the contract of messages that carry stored, already decoded readings; fields have the same types."""
    fields = {name: {"type": field.type, "required": name == source.key} for name, field in _stored(source).items()}
    contract = {
        "description": "Readings as they are stored.",
        "topic": source.topic,
        "format": "json",
        # Stored readings were accepted once, whatever the source's contract allows now.
        "max_bytes": LONGEST_MESSAGE,
        "fields": fields,
        "time": {"path": _TS, "unit": "epoch_us", "earliest": "1900-01-01T00:00:00Z", "latest": "36500d"},
        "quality": {"path": _QUALITY, "mapping": "opcua"},
        "key": source.key,
        "watermark": {"lateness": "1s"},  # without it, the second of two readings with the same time would be late
    }
    # JSON is YAML: its texts are in quotes, so that none is read as a number.
    path.write_text(json.dumps(contract, ensure_ascii=False), encoding="utf-8")


def _message(row: dict[str, Any]) -> dict[str, Any]:
    ts: datetime = row.pop("ts")
    message = {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in row.items()
        if value is not None and name != "quality"
    }
    return {**message, _TS: round(ts.timestamp() * 1e6), _QUALITY: row["quality"]}
