"""Pictures of answers in the terminal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa

from headrace.historian.trends import drawing

START = datetime(2024, 1, 1, tzinfo=UTC)


def test_readings_within_a_second_are_drawn() -> None:
    rows = pa.table(
        {
            "tag": ["P1.flow"] * 4,
            "ts": pa.array([START + timedelta(milliseconds=300 * n) for n in range(4)], pa.timestamp("us", "UTC")),
            "value": [1.0, 2.0, 1.5, 3.0],
            "quality": pa.array([0, 0, 0x80000000, 0], pa.int64()),
        }
    )
    assert "P1.flow" in drawing.in_terminal(rows, 70)
