"""Score a span again and replace its rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from headrace.environment import iceberg, warehouse
from headrace.environment.settings import Settings
from headrace.errors import UserError
from headrace.historian import Historian, asset_states
from headrace.historian.models import replay
from headrace.historian.series import intervals
from headrace.project import job_folder
from headrace.project.model_files import Pin
from headrace.project.paths import Project
from headrace.project.system_tables import ANOMALY_EVENTS, SCORES
from headrace.upkeep.rescore.replace_span import Replaced, Span, replace_span
from headrace_udfs.scoring import tables
from headrace_udfs.scoring.stream import Scorer

_NEWEST = Path(__file__).parent / "queries" / "newest_score.sql"


@dataclass(frozen=True)
class Rescored:
    """The span that was scored, which may end before the one that was asked for, and what was replaced."""

    since: datetime
    until: datetime
    tables: list[Replaced]


def rescore(
    project: Project,
    settings: Settings,
    pin: Pin,
    span: tuple[datetime, datetime],
    progress: Callable[[str], None] = lambda _: None,
) -> Rescored:
    """Replace the rows of a version of a model from the first time of `span` to before the second one.

    Events that reach into the span are replaced as a whole. Where a job scores with the version, the span ends at the
    last instant that it has scored: it will write the rest itself. Doing it again changes nothing, and commits nothing.
    Raises UserError if the version cannot be loaded or has learned from the span, and PlatformError.
    """
    scorer, since = replay.scorer_of(project, pin), span[0]
    learned = intervals.instant(scorer.from_us)
    if since < learned:
        what = f"{pin} does not score the readings that it learned from, which end before {learned.isoformat()}"
        raise UserError(what, fix=f"--since {learned.isoformat()}")
    until = _until(project, settings, scorer, span[1])
    if until <= since:
        return Rescored(since, since, [])
    historian = Historian.open(settings, nonfinite="bad")
    states = asset_states.suppressing(settings, historian, [tag.name for tag in scorer.model.tags])
    rows, asked = [tables.SCORES.empty_table()], (since, until)
    frames = replay.replay(
        scorer,
        historian,
        asked,
        datetime.now(UTC),
        progress,
        keep=lambda some: rows.append(tables.score_table(scorer, some)),
        states=states,
    )
    catalog = iceberg.connect(settings)
    progress("writing")
    scores = Span(str(pin), "ts", "ts", since, until)
    events = Span(str(pin), "started_at", "ended_at", since, until)
    written = [
        replace_span(catalog, SCORES, scores, pa.concat_tables(rows)),
        replace_span(catalog, ANOMALY_EVENTS, events, tables.event_table(frames)),
    ]
    return Rescored(since, until, written)


def _until(project: Project, settings: Settings, scorer: Scorer, until: datetime) -> datetime:
    """Return `until`, or the end of the newest instant that a job with this version has scored, if that is before.

    All rows of an instant are in one commit, with those of all instants before it.
    """
    if scorer.pin not in {job.model for job in job_folder.jobs(project)}:
        return until
    with warehouse.open(settings) as connection:
        row = warehouse.run(connection, _NEWEST, {"model": scorer.pin}).fetchone()
    if row is None or row[0] is None:
        return intervals.instant(scorer.from_us)
    every = scorer.every_us
    return min(until, intervals.instant((intervals.microseconds(row[0]) // every + 1) * every))
