"""How a version of a model does on a span: false events against the budget, drift, readings without scores, its age."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import numpy as np

from headrace.environment.settings import Settings
from headrace.historian.historian import Historian
from headrace.historian.models import rescore, stored_scores, verdict
from headrace.historian.models.rescore import Rescored
from headrace.historian.models.stored_scores import Counts, Kind, Noted
from headrace.project import model_versions
from headrace.project.model_files import Pin
from headrace.project.paths import Project
from headrace_udfs.scoring import drift

MONTH_DAYS = 30.4375
_NO_INPUT = "an input of the model is missing"


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
    settings: Settings, project: Project, historian: Historian, pin: Pin, span: tuple[datetime, datetime]
) -> Report:
    """Return the report on the readings from the first time of `span` to before the second.

    If a job has stored scores of a month with this version, these are reported; the other months are rescored. Raises
    UserError and PlatformError as `rescore.rescore` does.
    """
    (since, until), card = span, model_versions.card(project, pin)
    again = rescore.rescore(project, historian, pin, since, until)
    stored = stored_scores.counts(settings, str(pin), since, until)
    known = {month for month, _ in stored}
    events = [each for each in _rescored_events(again) if each.month not in known]
    events += [each for each in stored_scores.events(historian, str(pin), since, until) if each.month in known]
    live = [tag.name for tag in again.model.tags if tag.name not in again.model.refused]
    counts = {key: each for key, each in _rescored_counts(again).items() if key[0] not in known} | stored
    counts = {(month, tag): each for (month, tag), each in counts.items() if tag in {*live}}
    months = [
        _month(name, length, "stored" if name in known else "rescored", events, counts)
        for name, length in _months(since, until).items()
    ]
    tags = _tags(again, live, events, counts, sum(month.length for month in months))
    budget = None if again.model.kind.limit is not None else again.model.budget
    past_date = verdict.past_date(card, since, until)
    rate = float(np.mean([tag.events for tag in tags])) if tags else None
    retrain, sentence = (
        verdict.verdict(tags, rate, budget, past_date, again.model.refused)
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


def _tags(
    again: Rescored,
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
    grid, place = again.instants, {tag.name: at for at, tag in enumerate(again.model.tags)}
    drifts = drift.centres(again.model, grid.times, grid.values) if len(grid.times) else np.full(len(place), np.nan)
    beyond = drift.outside(again.model, grid.values)
    return [
        TagReport(
            name,
            false[name] / length,
            _known(drifts[place[name]]),
            _known(beyond[place[name]]),
            without[name] / max(readings[name], 1),
        )
        for name in live
    ]


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _rescored_events(again: Rescored) -> list[Noted]:
    return [
        Noted(each.tag, f"{datetime.fromtimestamp(each.start / 1e6, UTC):%Y-%m}", "open") for each in again.events()
    ]


def _rescored_counts(again: Rescored) -> dict[tuple[str, str], Counts]:
    """Return the readings of each month and tag, and those without a score."""
    found: dict[tuple[str, str], Counts] = {}
    month = again.instants.times.astype("datetime64[us]").astype("datetime64[M]")
    names, row = np.unique(month, return_inverse=True)
    there, none = np.isfinite(again.instants.values), np.isnan(again.scored.score)
    totals, lacking = (
        np.stack([np.bincount(row, weights=column, minlength=len(names)) for column in rows.T.astype(float)], axis=1)
        for rows in (there, there & none)
    ) if len(names) else (np.zeros((0, 0)), np.zeros((0, 0)))  # fmt: skip
    for at, tag in enumerate(again.model.tags):
        why = again.model.refused.get(tag.name, _NO_INPUT)
        for number, name in enumerate(names.astype(str).tolist()):
            lacks = int(lacking[number, at])
            found[name, tag.name] = Counts(int(totals[number, at]), {why: lacks} if lacks else {})
    return found
