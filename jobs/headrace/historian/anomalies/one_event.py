"""Find the one event of a tag that a time belongs to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from headrace.errors import UserError
from headrace.historian.anomalies import newest

_NEAR = timedelta(seconds=1)
"""How far a time may be from the event: people write times to the second."""
_LISTED = 3


def at(events: pa.Table, tag: str, time: datetime) -> dict[str, Any]:
    """Return the event of `tag` that lasts at `time`, as a row; if several models have one, that of the newest.

    events: all events of the tag, columns as in EVENTS. Raises UserError with the nearest events if there is none.
    """
    rows = events.to_pylist()
    if lasting := [row for row in rows if row["started_at"] - _NEAR <= time <= row["ended_at"] + _NEAR]:
        return max(lasting, key=lambda row: (newest.rank(row["model"]), row["started_at"]))
    starts = sorted({row["started_at"] for row in rows}, key=lambda start: abs(start - time))[:_LISTED]
    listed = ", ".join(written(start) for start in sorted(starts))
    fix = f"the nearest ones start at {listed}" if listed else "headrace events list shows all events"
    raise UserError(f"'{tag}' has no event at {written(time)}", fix=fix)


def written(time: datetime) -> str:
    """Return a time in UTC as the commands print and take it: `2026-03-01T06:00`, with seconds if there are any."""
    utc = time.astimezone(UTC).replace(tzinfo=None)
    exact = "microseconds" if utc.microsecond else "seconds" if utc.second else "minutes"
    return utc.isoformat(timespec=exact)
