"""How a version of a model does on a span: false events against the budget, drift, readings without scores, its age."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import numpy as np

from headrace.environment.settings import Settings
from headrace.historian.historian import Historian
from headrace.historian.models import instants, replay, stored_scores, verdict
from headrace.historian.models.counts import Counts, Tally
from headrace.historian.models.stored_scores import Kind, Noted
from headrace.historian.series import intervals
from headrace.project import model_versions
from headrace.project.model_files import Pin
from headrace.project.paths import Project
from headrace_udfs.scoring import drift
from headrace_udfs.scoring.model import Model
from headrace_udfs.scoring.stream import Scorer

MONTH_DAYS = 30.4375


@dataclass(frozen=True)
class Month:
    """A month of the span, 2015-01, and how much of it the span has, in months of 30.4375 days.

    source: whether its figures come from what a job stored, or from scoring the readings again. events: by what people
    say of them. readings: of tags with scores; without: those that have no score, by reason.
    """

    month: str
    length: float
    source: Literal["stored", "rescored"]
    events: dict[Kind, int]
    readings: int
    without: dict[str, int]


@dataclass(frozen=True)
class TagReport:
    """A tag that has scores.

    events: those that nobody says are real, per month. drift: of its centre since training, in scales. outside: the
    share of its readings outside of the training range. without: the share without a score. None if unknown.
    """

    tag: str
    events: float
    drift: float | None
    outside: float | None
    without: float


@dataclass(frozen=True)
class Report:
    """The whole report. budget: events per tag and month, None for a fixed limit. past_date: why it may be out of date.

    rate: the events per tag and month that nobody says are real. retrain: whether the verdict says so.
    """

    model: str
    since: datetime
    until: datetime
    budget: float | None
    rate: float | None
    months: list[Month]
    tags: list[TagReport]
    past_date: list[str]
    retrain: bool
    verdict: str


def report(
    settings: Settings,
    project: Project,
    historian: Historian,
    pin: Pin,
    span: tuple[datetime, datetime],
    *,
    progress: Callable[[str], None] = lambda _: None,
) -> Report:
    """Return the report on the readings from the first time of `span` to before the second.

    If a job has stored scores of a month with this version, these are reported; the other months are rescored.
    `progress` is called with each step. Raises UserError if the version cannot be loaded, and PlatformError.
    """
    (since, until), card, scorer = span, model_versions.card(project, pin), replay.scorer_of(project, pin, span[0])
    model, lengths = scorer.model, _months(since, until)
    stored = stored_scores.counts(settings, str(pin), since, until)
    known = {month for month, _ in stored}
    events = [each for each in stored_scores.events(historian, str(pin), since, until) if each.month in known]
    counts = dict(stored)
    if {*lengths} - known:
        more, again = _rescored(scorer, historian, span, progress)
        events += [each for each in more if each.month not in known]
        counts |= {key: each for key, each in again.items() if key[0] not in known}
    live = [tag.name for tag in model.tags if tag.name not in model.refused]
    counts = {(month, tag): each for (month, tag), each in counts.items() if tag in {*live}}
    months = [
        _month(name, length, "stored" if name in known else "rescored", events, counts)
        for name, length in lengths.items()
    ]
    progress("comparing with the training span")
    moved = _moved(model, historian, span, scorer.every_us)
    tags = _tags(moved, live, events, counts, sum(month.length for month in months))
    budget = None if model.kind.limit is not None else model.budget
    past_date = verdict.past_date(card, since, until)
    rate = float(np.mean([tag.events for tag in tags])) if tags else None
    retrain, sentence = (
        verdict.verdict(tags, rate, budget, past_date, model.refused)
        if counts or not live
        else (False, "No verdict: the span has no readings of the model's tags.")
    )
    return Report(str(pin), since, until, budget, rate, months, tags, past_date, retrain, sentence)


def _months(since: datetime, until: datetime) -> dict[str, float]:
    """Return the months of the span, and how much of each it has."""
    found, at = dict[str, float](), since.astimezone(UTC)
    while at < until:
        turn = datetime(at.year + at.month // 12, at.month % 12 + 1, 1, tzinfo=UTC)
        end = min(turn, until)
        found[f"{at:%Y-%m}"] = (end - at).total_seconds() / 86400 / MONTH_DAYS
        at = end
    return found


def _month(
    name: str,
    length: float,
    source: Literal["stored", "rescored"],
    events: Iterable[Noted],
    counts: Mapping[tuple[str, str], Counts],
) -> Month:
    said = Counter(each.kind for each in events if each.month == name)
    of = [each for (month, _), each in counts.items() if month == name]
    without = sum((Counter(each.without) for each in of), Counter[str]())
    return Month(name, length, source, dict(said), sum(each.readings for each in of), dict(without.most_common()))


def _moved(
    model: Model, historian: Historian, span: tuple[datetime, datetime], every_us: int
) -> dict[str, tuple[float | None, float | None]]:
    """Return how far the centre of each tag has drifted, and the share of its readings outside the training range."""
    names = [tag.name for tag in model.tags]
    grid = instants.aligned(instants.read(historian, names, *span), every_us)
    drifts = drift.centres(model, grid.times, grid.values) if len(grid.times) else np.full(len(names), np.nan)
    beyond = drift.outside(model, grid.values)
    return {
        name: (_known(one), _known(other))
        for name, one, other in zip(names, drifts.tolist(), beyond.tolist(), strict=True)
    }


def _tags(
    moved: Mapping[str, tuple[float | None, float | None]],
    live: list[str],
    events: list[Noted],
    counts: Mapping[tuple[str, str], Counts],
    length: float,
) -> list[TagReport]:
    false = Counter(each.tag for each in events if each.kind != "real")
    readings, without = Counter[str](), Counter[str]()
    for (_, tag), each in counts.items():
        readings[tag] += each.readings
        without[tag] += sum(each.without.values())
    return [
        TagReport(name, false[name] / length, *moved[name], without[name] / max(readings[name], 1)) for name in live
    ]


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _rescored(
    scorer: Scorer, historian: Historian, span: tuple[datetime, datetime], progress: Callable[[str], None]
) -> tuple[list[Noted], dict[tuple[str, str], Counts]]:
    """Return the events that start in the span and the counts of its readings, by month and tag, scored again."""
    tally = Tally(scorer.model)
    frames = replay.replay(scorer, historian, span, datetime.now(UTC), progress, keep=tally.add)
    starts = [(frame.event.tag, intervals.instant(frame.event.start)) for frame in frames]
    return [Noted(tag, f"{at:%Y-%m}", "open") for tag, at in starts if at >= span[0]], tally.counts()
