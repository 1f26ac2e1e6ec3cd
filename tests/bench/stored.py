"""What a run has stored, read from its tables only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pyiceberg.table import Table

from bench.stand import DEAD_LETTERS, READINGS, Stand
from headrace.environment import iceberg


@dataclass(frozen=True)
class Stored:
    """Rows, and seconds from the first reading's ingested_at to the end of the last data file.

    The commit, which comes later, is left out: a Flink job commits at its next checkpoint, an interval that is set.
    """

    good: int
    dead: int
    seconds: float


def stored(stand: Stand) -> Stored:
    """Read counts and bounds from the tables' metadata, and the times of files from the disk."""
    tables = iceberg.connect(stand.settings)
    readings, dead_letters = (iceberg.load_table(tables, name) for name in (READINGS, DEAD_LETTERS))
    files = readings.inspect.files()
    first = min(metrics["ingested_at"]["lower_bound"] for metrics in files["readable_metrics"].to_pylist())
    last = max(_written(path) for path in files["file_path"].to_pylist())
    return Stored(sum(files["record_count"].to_pylist()), _rows(dead_letters), last - first.timestamp())


def _rows(table: Table) -> int:
    return sum(table.inspect.files()["record_count"].to_pylist())


def _written(path: str) -> float:
    return Path(path.removeprefix("file://").removeprefix("file:")).stat().st_mtime
