"""Spans of time as people write them: the last 8h, one day, or from one time to another, in a time zone."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from headrace.errors import UserError
from headrace.historian.series.intervals import Every, instant, microseconds, step

_DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}


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
    if dots:
        return moment(first, zone, now), moment(second, zone, now)
    if (day := _day(first, zone, now)) is None:
        start = moment(first, zone, now)
        fix = "add a start: today..now" if start == now else f"add an end: {first}..now"
        raise UserError(f"'{text}' is a time, not a span", fix=fix)
    if day == date.max:
        raise UserError(f"'{text}' is the last day that there is", fix="choose an earlier one")
    return datetime.combine(day, time(), zone), datetime.combine(day + timedelta(days=1), time(), zone)


def moment(text: str, zone: ZoneInfo, now: datetime) -> datetime:
    """Return a time like `2026-03-01T06:00`, a day's start, or `now`. Raises UserError for other text."""
    if text == "now":
        return now
    if day := _day(text, zone, now):
        return datetime.combine(day, time(), zone)
    try:
        time_of_day = datetime.fromisoformat(text)
    except ValueError:
        fix = "write 2026-03-01, 2026-03-01T06:00, now, today or yesterday; a span is two of them: A..B"
        raise UserError(f"'{text}' is not a valid time", fix=fix) from None
    return time_of_day if time_of_day.tzinfo else time_of_day.replace(tzinfo=zone)


def _day(text: str, zone: ZoneInfo, now: datetime) -> date | None:
    """Return the day that a text stands for; None if it is none, like a time of day."""
    if text in _DAYS:
        return now.astimezone(zone).date() + timedelta(days=_DAYS[text])
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
