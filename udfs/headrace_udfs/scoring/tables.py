"""The rows of scores, events and alerts as Arrow, with the columns of their tables and topic."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from headrace_udfs import arrow_streams
from headrace_udfs.scoring.model import CAUSES
from headrace_udfs.scoring.score_rows import REASONS, REFUSED, ScoreRows
from headrace_udfs.scoring.stream import Alert, Frame, Scorer

TS = pa.timestamp("us", tz="UTC")
_NO_ZONE = pa.timestamp("us")

SCORES = pa.schema(
    [
        pa.field("tag", pa.string(), nullable=False),
        pa.field("ts", TS, nullable=False),
        pa.field("model", pa.string(), nullable=False),
        ("score", pa.float64()),
        ("anomaly", pa.bool_()),
        ("cause", pa.string()),
        ("expected", pa.float64()),
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("none_because", pa.string()),
    ]
)
"""One row per reading; `none_because` says why there is no score."""

EVENTS = pa.schema(
    [
        pa.field("model", pa.string(), nullable=False),
        pa.field("tag", pa.string(), nullable=False),
        pa.field("started_at", TS, nullable=False),
        pa.field("ended_at", TS, nullable=False),
        pa.field("peak_at", TS, nullable=False),
        pa.field("peak_score", pa.float64(), nullable=False),
        pa.field("cause", pa.string(), nullable=False),
        ("related", pa.string()),
        pa.field("state", pa.string(), nullable=False),
        ("suppressed_by", pa.string()),
    ]
)
"""One row per event and change of it; `related` are names joined by ", ", null if there are none."""

ALERTS = pa.schema([pa.field("kind", pa.string(), nullable=False), *list(EVENTS)[:-1]])
"""One row per alert, with its event; `kind` as in Alert. An event with an alert is not suppressed."""


def score_table(scorer: Scorer, rows: ScoreRows) -> pa.Table:
    """Return rows as a table; columns as in SCORES."""
    names = pa.array([tag.name for tag in scorer.model.tags], pa.string())
    scored = rows.reason == 0
    columns = [
        names.take(pa.array(rows.tag)),
        pa.array(rows.times).cast(TS),
        pa.repeat(pa.scalar(scorer.pin, pa.string()), len(rows)),
        pa.array(rows.score, mask=~scored),
        pa.array(rows.anomaly, mask=~scored),
        pa.array(CAUSES).take(pa.array(rows.cause, mask=~scored)),
        *(pa.array(part, mask=~np.isfinite(part)) for part in (rows.expected, rows.low, rows.high)),
        _reasons(scorer, rows),
    ]
    return pa.Table.from_arrays(columns, schema=SCORES)


def _reasons(scorer: Scorer, rows: ScoreRows) -> pa.Array:
    """Return why there is no score, null if there is one; of a refused tag its own reason."""
    own = [scorer.model.refused.get(tag.name) for tag in scorer.model.tags]
    texts = pa.array([*REASONS, *own], pa.string())
    number = rows.reason.astype(np.int64)
    number = np.where(number == REASONS.index(REFUSED), len(REASONS) + rows.tag, number)
    return texts.take(pa.array(number, mask=rows.reason == 0))


def event_table(frames: Sequence[Frame]) -> pa.Table:
    """Return frames as a table, in their order; columns as in EVENTS."""
    return pa.Table.from_pylist([_event(frame.model, frame) for frame in frames], EVENTS)


def alert_table(alerts: Sequence[Alert]) -> pa.Table:
    """Return alerts as a table, in their order; columns as in ALERTS."""
    rows = [
        {"kind": alert.kind, **_event(alert.model, Frame(alert.model, alert.event, alert.kind == "end"))}
        for alert in alerts
    ]
    return pa.Table.from_pylist(rows, ALERTS)


def _event(model: str, frame: Frame) -> dict[str, object]:
    event = frame.event
    return {
        "model": model,
        "tag": event.tag,
        "started_at": event.start,
        "ended_at": event.end,
        "peak_at": event.peak_at,
        "peak_score": event.peak_score,
        "cause": event.cause,
        "related": ", ".join(event.related) or None,
        "state": "ended" if frame.ended else "open",
        "suppressed_by": event.suppressed_by,
    }


def streams(table: pa.Table, rows: int) -> Iterator[bytes]:
    """Yield the table as Arrow streams of at most `rows` rows each; a time has no zone there, as in all of Flink's."""
    table = table.cast(pa.schema([field.with_type(_NO_ZONE) if field.type == TS else field for field in table.schema]))
    for start in range(0, len(table), rows):
        (batch,) = table.slice(start, rows).combine_chunks().to_batches()
        yield arrow_streams.stream(batch).to_pybytes()
