"""Spans of time as people write them: the last 8h, one day, or from one time to another, in a time zone."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from headrace.errors import UserError
from headrace.historian.series.intervals import Every, instant, microseconds, step


def span(length: str | None, text: str | None, zone: ZoneInfo, now: datetime) -> tuple[datetime, datetime] | None:
    """Return `last(length)` or `between(text)`, whichever is given, or None. Raises UserError if both are given."""
    if length and text:
        raise UserError("a length and a span cannot be combined", fix="use one")
    if length:
        return last(length, zone, now)
    return between(text, zone, now) if text else None


def last(text: str, zone: ZoneInfo, now: datetime) -> tuple[datetime, datetime]:
    """Return start and end of the last `text` (8h, 7d, 1mo) before `now`.

    Days and months are those of the calendar in `zone`. Raises UserError for an invalid length, or a start before 1970.
    """
    start = step(microseconds(now), Every.parse(text), -1, zone)
    if start < 0:
        raise UserError(f"the last {text} start before 1970", fix="use a shorter length")
    return instant(start), now


def between(text: str, zone: ZoneInfo, now: datetime) -> tuple[datetime, datetime]:
    """Return start and end of `2026-03-01..2026-03-02T06:00`, `yesterday..now`, or of one whole day.

    In a range a day stands for its start; days and times without an offset are in `zone`. The second time is excluded
    from the span. The later time may come first. Raises UserError for text that is not a valid span.
    """
    first, dots, second = (part.strip() for part in text.partition(".."))
    start = _time(first, zone, now)
    if dots:
        return start, _time(second, zone, now)
    if "T" in first or first == "now":
        raise UserError(f"'{text}' is a time, not a span", fix=f"add an end: {first}..now")
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
        moment = datetime.fromisoformat(text)
    except ValueError:
        fix = "write 2026-03-01, 2026-03-01T06:00, now, today or yesterday; a span is two of them: A..B"
        raise UserError(f"'{text}' is not a valid time", fix=fix) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)
