"""Wait until a version of a model has scored what is stored, and count its rows."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from headrace.environment import warehouse
from headrace.environment.flink_rest import Cluster
from headrace.environment.settings import Settings
from headrace.errors import PlatformError

_QUERIES = Path(__file__).parent / "queries"
_POLL_S = 2.0
_LATE = ("historian.late_readings", "condition.scores")


@dataclass(frozen=True)
class Scored:
    """How many readings before `until` have a row of scores, how many of them a score, and how many are anomalies.

    late: how many came too late for the job, and have none; they are in historian.late_readings.
    """

    until: datetime
    readings: int
    with_score: int
    anomalies: int
    late: int = 0


def follow(
    settings: Settings,
    job: str,
    version: tuple[str, datetime],
    stalled_s: float,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Scored:
    """Wait until `job` has written a row of scores for each reading stored that was not late, and return the counts.

    version: the pin of the model, and the time from which it scores. Raises PlatformError if there are more rows than
    readings, if the job has ended, or if it adds no row for `stalled_s` seconds.
    """
    pin, since = version
    until, expected = _row(settings, ["historian.readings"], "scorable.sql", {"since": since.isoformat()})
    span = {"since": since.isoformat(), "until": until.isoformat()}
    last, changed = -1, time.monotonic()
    while True:
        found, with_score, anomalies = _row(settings, ["condition.scores"], "scores.sql", {"model": pin})
        progress(found, expected)
        if found == expected:
            return Scored(until, found, with_score, anomalies)
        if found > expected:
            raise PlatformError(f"condition.scores has {found:,} rows of {pin} for {expected:,} readings")
        if found != last:
            last, changed = found, time.monotonic()
        else:
            (late,) = _row(settings, _LATE, "late.sql", {"job": job, "model": pin, **span})
            if found + late == expected:
                return Scored(until, found, with_score, anomalies, late)
            if time.monotonic() - changed > stalled_s:
                what = f"{job} added no row for {stalled_s:.0f} s: {found:,} of {expected:,} readings are scored"
                raise PlatformError(what, fix=_state(settings, job))
        time.sleep(_POLL_S)


def _state(settings: Settings, job: str) -> str:
    running = Cluster.of(settings).running(job)
    failure = Cluster.of(settings).last_failure(running.id) if running else None
    return f"its last failure was: {failure}" if failure else "see headrace status"


def _row(settings: Settings, tables: Sequence[str], query: str, values: Mapping[str, str]) -> tuple[Any, ...]:
    with warehouse.open(settings, tables) as connection:
        row: tuple[Any, ...] = warehouse.run(connection, _QUERIES / query, values).fetchall()[0]
    return row
