"""Times and values as JSON has them: times are milliseconds since 1970, UTC, and a missing value is null."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pyarrow as pa

from headrace.historian.series.intervals import microseconds

_US_PER_MS = 1000

Times = list[float]
Values = list[float | None]


def milliseconds(time: datetime) -> float:
    """Return the milliseconds from 1970, UTC, to `time`."""
    return microseconds(time) / _US_PER_MS


def or_none(time: datetime | None) -> float | None:
    """Return `milliseconds`, or None for None."""
    return None if time is None else milliseconds(time)


def times(table: pa.Table) -> Times:
    """Return the column ts."""
    found: Times = (np.asarray(table["ts"].cast(pa.int64())) / _US_PER_MS).tolist()
    return found
