"""Score stored readings with a version of a model, without touching a reading."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import pyarrow as pa

from headrace.historian.answers import TS
from headrace.historian.historian import Historian
from headrace.historian.models import instants
from headrace.historian.series import intervals as spans
from headrace.project import model_versions
from headrace.project.model_files import Pin
from headrace.project.paths import Project
from headrace_udfs.scoring import events, stream
from headrace_udfs.scoring.alignment import Instants
from headrace_udfs.scoring.events import Event
from headrace_udfs.scoring.model import Model, Scored

WARM_UP = timedelta(microseconds=stream.WARM_UP_US)
"""How much is scored before a span, so that the channels with a memory have filled it."""

EVENTS = pa.schema(
    [
        ("tag", pa.string()),
        ("started_at", TS),
        ("ended_at", TS),
        ("peak_at", TS),
        ("peak_score", pa.float64()),
        ("cause", pa.string()),
        ("related", pa.list_(pa.string())),
        ("model", pa.string()),
    ]
)
"""One row per event; `related` are the tags of the same asset that are unusual at the same time."""


@dataclass(frozen=True)
class Rescored:
    """The scores of a span with one version of a model, and the instants that they belong to."""

    pin: Pin
    model: Model
    instants: Instants
    scored: Scored

    def events(self) -> list[Event]:
        """Return the events, by start and tag; their times are those of the readings."""
        found = events.follow(self.model.tags, {}, self.instants.at, self.scored).changed
        return sorted(found, key=lambda event: (event.start, event.tag))

    def event_table(self) -> pa.Table:
        """Return the table of events, by start and tag; columns as in EVENTS."""
        rows = [
            {
                "tag": event.tag,
                "started_at": event.start,
                "ended_at": event.end,
                "peak_at": event.peak_at,
                "peak_score": event.peak_score,
                "cause": event.cause,
                "related": event.related,
                "model": str(self.pin),
            }
            for event in self.events()
        ]
        return pa.Table.from_pylist(rows, EVENTS)


def rescore(project: Project, historian: Historian, pin: Pin, since: datetime, until: datetime) -> Rescored:
    """Score the readings from `since` to before `until` with a version of a model, after a warm-up before `since`.

    Raises UserError if the version cannot be loaded or a tag of it is unknown, and PlatformError.
    """
    model, card = model_versions.load(project, pin)
    names = [tag.name for tag in model.tags]
    readings = instants.read(historian, names, since - WARM_UP, until)
    grid = instants.aligned(readings, int(card["every_us"]))
    _, scored = model.score(model.fresh(), grid.times, grid.values)
    kept = grid.times >= spans.microseconds(since)
    return Rescored(
        pin,
        model,
        Instants(grid.times[kept], grid.values[kept], grid.at[kept]),
        Scored(*(getattr(scored, name)[kept] for name in scored.__dataclass_fields__)),
    )
