"""Rollups per minute and per hour against the historian's answers from the same readings."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

from headrace.historian import Historian
from headrace.upkeep.checks import run_checks
from support.worlds.live_plant import JOB, START_MS, Plant

AGGREGATES = {
    "good_readings": "Count",
    "mean": "Average",
    "min_value": "Minimum",
    "max_value": "Maximum",
    "standard_deviation": "StandardDeviationSample",
}
TIMES = {"min_ts": "MinimumActualTime", "max_ts": "MaximumActualTime"}
SECONDS = 3 * 3600


def message(tag: str, second: float, value: float, good: bool) -> bytes:
    ts = START_MS + round(second * 1000)
    return b'{"tag":"%s","ts":%d,"value":%a,"q":%d}' % (tag.encode(), ts, value, 192 if good else 0)


def test_rollups_equal_the_historians_results_for_the_same_readings(own_plant: Plant) -> None:
    random = np.random.default_rng(11)
    sent = []
    for tag in ("a", "b"):
        seconds = random.choice(SECONDS * 10, 900, replace=False) / 10
        values = np.round(50 + random.normal(0, 5, len(seconds)), 2)
        sent += list(
            zip([tag] * len(seconds), seconds, values.tolist(), random.random(len(seconds)) > 0.2, strict=True)
        )
    own_plant.produce(message(*each) for each in sorted(sent, key=lambda each: each[1]))
    jobs = {"historian/rollup_1m_v1": "1m", "historian/rollup_1h_v1": "1h"}
    for job in (JOB, *jobs):
        own_plant.finish(own_plant.submit(job, bounded=True, parallelism=1))
        run_checks.verdict(run_checks.run(own_plant.project, own_plant.settings, [job]))
    for every in jobs.values():
        rows = rollup(own_plant, f"historian.rollup_{every}")
        assert len(rows) > (300 if every == "1m" else 7)
        expected = answers(own_plant, rows, every)
        assert {window: row for window, row in expected.items() if window in rows} == rows


def rollup(plant: Plant, table: str) -> dict[tuple[str, datetime], dict[str, Any]]:
    """Return the columns that rollups and the historian share, by tag and window, of windows with two readings or more.

    The deviation of a single reading is defined differently by the two.
    """
    columns = [*AGGREGATES, *TIMES]
    rows = plant.query(f"select tag, ts, {', '.join(columns)} from {table} where good_readings > 1")
    return {(tag, ts): dict(zip(columns, values, strict=True)) for tag, ts, *values in rows}


def answers(
    plant: Plant, windows: dict[tuple[str, datetime], Any], every: str
) -> dict[tuple[str, datetime], dict[str, Any]]:
    times = [ts for _, ts in windows]
    first, end = min(times), max(times) + timedelta(hours=1)
    historian = Historian.open(plant.settings)
    rows = historian.aggregate(["a", "b"], first, end, every, [*AGGREGATES.values(), *TIMES.values()]).to_pylist()
    columns = {name: column for column, name in (AGGREGATES | TIMES).items()}
    by_window: dict[tuple[str, datetime], dict[str, Any]] = {}
    for row in rows:
        column = columns[row["aggregate"]]
        answer = row["ts"] if column in TIMES else close(row["value"])
        by_window.setdefault((row["tag"], row["interval"]), {})[column] = answer
    return by_window


def close(value: Any) -> Any:
    """Return the value in a form that equals any other within rounding."""
    return pytest.approx(value, rel=1e-9) if isinstance(value, float) else value
