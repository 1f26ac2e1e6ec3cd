"""Whether a model is fine or should be trained again, in one sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

OVER_BUDGET = 2.0
"""From how many times the budget on a model should be trained again; a change of year alone made 1.5 in the bench."""
DRIFT = 1.0
"""Scales by which a tag's centre has drifted."""
OUTSIDE = 0.02
"""The share of readings outside of the training range; 0.1 % of the training readings are."""
WITHOUT = 0.1
OLD = timedelta(days=400)
"""A model that learned from one year is not too old at the end of the next one."""
_SEASON_DAYS = 10


class Tag(Protocol):
    """What a report has of a tag."""

    @property
    def tag(self) -> str:
        """Its name."""

    @property
    def drift(self) -> float | None:
        """The drift of its centre, in scales."""

    @property
    def outside(self) -> float | None:
        """The share of its readings outside of the training range."""

    @property
    def without(self) -> float:
        """The share of its readings without a score."""


def past_date(card: Mapping[str, Any], since: datetime, until: datetime) -> list[str]:
    """Return why a version may be out of date for a span: its age, and months of the year that it never saw."""
    first, last = (datetime.fromisoformat(card[name]) for name in ("since", "until"))
    found = []
    if until - last > OLD:
        found.append(f"its training readings end {(until - last).days / 30.4375:.0f} months before this span does")
    unseen = sorted(_seasons(since, until, 1) - _seasons(first, last, _SEASON_DAYS))
    if unseen:
        names = ", ".join(f"{datetime(2000, month, 1, tzinfo=UTC):%B}" for month in unseen)
        found.append(f"it has not learned from any {names}")
    return found


def _seasons(since: datetime, until: datetime, days: int) -> set[int]:
    """Return the months of the year that have at least so many days in the span."""
    whole = min((until - since).days, 366) + 1
    dates = [since.astimezone(UTC) + timedelta(days=day) for day in range(whole)]
    months = [date.month for date in dates if date < until]
    return {month for month in months if months.count(month) >= days}


def verdict(
    tags: Sequence[Tag],
    rate: float | None,
    budget: float | None,
    past: Sequence[str],
    refused: Mapping[str, str],
) -> tuple[bool, str]:
    """Return whether the model should be trained again, and the sentence that says so and why."""
    if rate is None:
        why = next(iter(refused.values()), "it has no tags")
        return True, f"Retrain: no tag has scores ({why})."
    reasons = []
    if budget and rate > OVER_BUDGET * budget:
        reasons.append(f"{rate:.2f} events per tag and month are more than twice the budget of {budget:g}")
    for name, limit, what in (
        ("drift", DRIFT, f"drifted by more than {DRIFT:g} scale"),
        ("outside", OUTSIDE, "left the training range"),
        ("without", WITHOUT, f"{'have' if len(tags) > 1 else 'has'} no score for more than {WITHOUT:.0%} of readings"),
    ):
        beyond = [tag.tag for tag in tags if abs(getattr(tag, name) or 0.0) > limit]
        if beyond:
            reasons.append(f"{_named(beyond)} {what}")
    reasons += past
    if reasons:
        return True, f"Retrain: {'; '.join(reasons)}."
    if budget is None:
        return False, f"Fine: {rate:.2f} events per tag and month; it has a limit and no budget."
    within = "within" if rate <= budget else "above, but less than twice,"
    return False, f"Fine: {rate:.2f} events per tag and month are {within} the budget of {budget:g}."


def _named(tags: Sequence[str]) -> str:
    return tags[0] if len(tags) == 1 else f"{len(tags):,} tags"
