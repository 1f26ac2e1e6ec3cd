"""What a run has stored, read from its tables only."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.stand import DEAD_LETTERS, READINGS, Stand
from headrace.environment import iceberg


@dataclass(frozen=True)
class Stored:
    """Rows, bytes of the readings' files, and seconds from the first ingested_at to the end of the last data file.

    The commit, which comes later, is left out: a Flink job commits at its next checkpoint, an interval that is set.
    Kafka Connect sets no ingested_at: its seconds begin with the first file.
    """

    good: int
    dead: int
    seconds: float
    bytes: int


def stored(stand: Stand) -> Stored:
    """Read counts and bounds from the tables' metadata, and the times of files from the disk."""
    tables = iceberg.connect(stand.settings)
    readings, dead_letters = (iceberg.load_table(tables, name) for name in (READINGS, DEAD_LETTERS))
    files = readings.inspect.files()
    bounds = [metrics["ingested_at"]["lower_bound"] for metrics in files["readable_metrics"].to_pylist()]
    paths = files["file_path"].to_pylist()
    first = min(bound.timestamp() for bound in bounds) if all(bounds) else min(_began(path) for path in paths)
    last = max(_written(path) for path in paths)
    return Stored(
        sum(files["record_count"].to_pylist()),
        iceberg.row_count(dead_letters),
        last - first,
        sum(files["file_size_in_bytes"].to_pylist()),
    )


def _began(path: str) -> float:
    """Return when a file was created, in seconds since 1970."""
    local = path.removeprefix("file://").removeprefix("file:")
    return float(subprocess.run(["stat", "-c", "%.9W", local], capture_output=True, text=True, check=True).stdout)


def _written(path: str) -> float:
    return Path(path.removeprefix("file://").removeprefix("file:")).stat().st_mtime
