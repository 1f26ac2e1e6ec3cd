"""Score stored readings with a version of a model, without touching a reading."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa

from headrace.historian.answers import TS
from headrace.historian.historian import Historian
from headrace.historian.models import instants
from headrace.historian.series import intervals as spans
from headrace.project import model_versions
from headrace.project.model_files import Pin
from headrace.project.paths import Project
from headrace_udfs.scoring import events
from headrace_udfs.scoring.alignment import Instants
from headrace_udfs.scoring.events import Event
from headrace_udfs.scoring.model import CAUSES, Model, Scored

WARM_UP = timedelta(days=7)
"""How much is scored before a span, so that the channels with a memory have filled it."""

SCORES = pa.schema(
    [
        ("tag", pa.string()),
        ("ts", TS),
        ("model", pa.string()),
        ("score", pa.float64()),
        ("anomaly", pa.bool_()),
        ("cause", pa.string()),
        ("expected", pa.float64()),
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("reason", pa.string()),
    ]
)
"""One row per good reading that is the last of its instant; `reason` says why there is no score."""

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

_UNKNOWN = "an input of the model is missing"


@dataclass(frozen=True)
class Rescored:
    """The scores of a span with one version of a model, and the instants that they belong to."""

    pin: Pin
    model: Model
    instants: Instants
    scored: Scored

    def scores(self) -> pa.Table:
        """Return the table of scores, sorted by tag and time; columns as in SCORES."""
        parts = [self._scores(tag) for tag in range(len(self.model.tags))]
        return pa.concat_tables(parts) if parts else SCORES.empty_table()

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

    def _scores(self, tag: int) -> pa.Table:
        name = self.model.tags[tag].name
        there = np.flatnonzero(np.isfinite(self.instants.values[:, tag]))
        of = self.scored
        score = of.score[there, tag]
        none = np.isnan(score)
        refused = self.model.refused.get(name)
        cause = np.array(CAUSES)[of.cause[there, tag]]
        count = len(there)
        columns = [
            pa.array([name] * count, pa.string()),
            pa.array(self.instants.at[there, tag]).cast(TS),
            pa.array([str(self.pin)] * count, pa.string()),
            pa.array(score, mask=none),
            pa.array(of.anomaly[there, tag], mask=none),
            pa.array(cause, mask=none),
            *(
                pa.array(part[there, tag], mask=~np.isfinite(part[there, tag]))
                for part in (of.expected, of.low, of.high)
            ),
            pa.array([refused or _UNKNOWN] * count, pa.string(), mask=~none),
        ]
        return pa.Table.from_arrays(columns, schema=SCORES)


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
