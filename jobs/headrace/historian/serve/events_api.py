"""The endpoints of events of anomalies. They change nothing: an event is acknowledged with a command."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from headrace.historian import comparison
from headrace.historian.anomalies.event_reader import Choice
from headrace.historian.serve import anomalies
from headrace.historian.serve.anomalies import Comparison, Events
from headrace.historian.serve.current import Now
from headrace_udfs.instants import Instant

MAX_EVENTS = 500
POINTS = 240
"""About how many points of each signal a comparison has."""

router = APIRouter()


class Asked(BaseModel, use_attribute_docstrings=True):
    """Which events to return: those that fulfil everything that is given."""

    tag: str = "*"
    """A name or a wildcard."""
    asset: str = "*"
    """A place in the plant, or a wildcard for one."""
    since: Instant | None = None
    """Events that last beyond this time."""
    until: Instant | None = None
    """Events that start before this time."""
    cause: str | None = None
    model: str | None = None
    """name@version, or a name for all its versions."""
    state: Literal["open", "ended", "stale"] | None = None
    acknowledged: bool | None = None
    min_score: float | None = None
    """The least peak score."""
    limit: int = Field(100, ge=1, le=MAX_EVENTS)
    """The most events to return."""


@router.get("/events")
def events(historian: Now, asked: Annotated[Asked, Query()]) -> Events:
    """Find events of anomalies, newest first."""
    stored = historian.anomalies.events
    if stored is None:
        return Events(found=0, events=[], causes=[], models=[])
    rows = historian.events(
        asked.tag,
        asked.since,
        asked.until,
        asset=asked.asset,
        cause=asked.cause,
        model=asked.model,
        state=asked.state,
        acknowledged=asked.acknowledged,
        min_score=asked.min_score,
    )
    whole = stored.find(Choice())
    return Events(
        found=len(rows),
        events=[anomalies.event(row) for row in rows.slice(0, asked.limit).to_pylist()],
        causes=sorted({*whole["cause"].to_pylist()}),
        models=anomalies.ranked(whole["model"].to_pylist()),
    )


@router.get("/events/compare")
def compare(
    historian: Now,
    first_tag: Annotated[str, Query(description="The tag of the first event.")],
    first_start: Annotated[Instant, Query(description="Its start, or a time in it.")],
    second_tag: Annotated[str, Query(description="The tag of the second event.")],
    second_start: Annotated[Instant, Query(description="Its start, or a time in it.")],
) -> Comparison:
    """Return what two events' tags and related tags measured at the same time since the start of each."""
    first, second = historian.event(first_tag, first_start), historian.event(second_tag, second_start)
    table = comparison.compare(historian, first, second, POINTS)
    return Comparison(first=anomalies.event(first), second=anomalies.event(second), signals=anomalies.compared(table))
