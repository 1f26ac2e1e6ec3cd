"""Spans of time as people say them: the last 8h, a day, from one time to another, in a named zone."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from headrace.errors import UserError
from headrace.historian.series.intervals import Every, instant, microseconds, step


def span(back: str | None, text: str | None, zone: ZoneInfo, now: datetime) -> tuple[datetime, datetime] | None:
    """The `last` or the `between` that was said; None where neither was. Raises UserError where both were."""
    if back and text:
        raise UserError("a length and a span were given", fix="choose one")
    if back:
        return last(back, zone, now)
    return between(text, zone, now) if text else None


def last(text: str, zone: ZoneInfo, now: datetime) -> tuple[datetime, datetime]:
    """The last `text` (8h, 7d, 1mo) up to `now`; days and months are those of the zone. Raises UserError."""
    start = step(microseconds(now), Every.parse(text), -1, zone)
    if start < 0:
        raise UserError(f"the last {text} go back beyond 1970", fix="ask for less")
    return instant(start), now


def between(text: str, zone: ZoneInfo, now: datetime) -> tuple[datetime, datetime]:
    """`2026-03-01..2026-03-02T06:00`, `yesterday..now`, or a day alone, which is all of it.

    A day is where it starts in `zone`, and so is a time without an offset; what stands after `..` is no longer in the
    span. The later may stand first. Raises UserError.
    """
    first, dots, second = (part.strip() for part in text.partition(".."))
    start = _time(first, zone, now)
    if dots:
        return start, _time(second, zone, now)
    if "T" in first or first == "now":
        raise UserError(f"'{text}' is a time, not a span", fix=f"say until when: {first}..now")
    tomorrow = start.astimezone(zone).date() + timedelta(days=1)
    return start, datetime.combine(tomorrow, time(), zone)


def _time(text: str, zone: ZoneInfo, now: datetime) -> datetime:
    today = now.astimezone(zone).date()
    days = {"today": today, "yesterday": today - timedelta(days=1), "tomorrow": today + timedelta(days=1)}
    try:
        if text == "now":
            return now
        if text in days or len(text) == len("2026-03-01"):
            return datetime.combine(days.get(text) or date.fromisoformat(text), time(), zone)
        found = datetime.fromisoformat(text)
    except ValueError:
        fix = "write 2026-03-01, 2026-03-01T06:00, now, today or yesterday; a span is two of them: A..B"
        raise UserError(f"'{text}' is no time", fix=fix) from None
    return found if found.tzinfo else found.replace(tzinfo=zone)
