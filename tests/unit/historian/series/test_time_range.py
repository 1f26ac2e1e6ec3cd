from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from headrace.errors import UserError
from headrace.historian.series.time_range import between, last

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 3, 29, 10, 30, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2026-03-01..2026-03-02", "2026-03-01T00:00+01:00", "2026-03-02T00:00+01:00"),
        ("2026-03-01T06:00..now", "2026-03-01T06:00+01:00", "2026-03-29T10:30+00:00"),
        ("2026-03-01T06:00Z .. 2026-03-01T05:00+00:00", "2026-03-01T06:00+00:00", "2026-03-01T05:00+00:00"),
        ("yesterday..today", "2026-03-28T00:00+01:00", "2026-03-29T00:00+01:00"),
    ],
)
def test_a_span_is_two_times_in_the_zone(text: str, start: str, end: str) -> None:
    assert between(text, BERLIN, NOW) == (at(start), at(end))


def test_a_single_day_is_the_whole_day_even_when_the_clocks_change() -> None:
    start, end = (edge.astimezone(UTC) for edge in between("today", BERLIN, NOW))
    assert (start, end - start) == (at("2026-03-29T00:00+01:00"), timedelta(hours=23))


def test_the_last_hours_are_elapsed_time_and_the_last_days_follow_the_calendar() -> None:
    assert last("8h", BERLIN, NOW) == (NOW - timedelta(hours=8), NOW)
    assert last("1d", BERLIN, NOW)[0] == NOW - timedelta(hours=23)
    assert last("1mo", ZoneInfo("UTC"), NOW)[0] == at("2026-02-28T10:30+00:00")


@pytest.mark.parametrize("text", ["2026-03-01 06:00", "2026-03-01t06:00", "2026-03-01T06:00Z", "20260301 0600"])
def test_a_time_of_day_is_never_taken_for_the_rest_of_its_day(text: str) -> None:
    with pytest.raises(UserError, match=rf"'{text}' is a time, not a span\n  fix: add an end: {text}\.\.now"):
        between(text, BERLIN, NOW)


def test_now_alone_gets_a_start_as_advice() -> None:
    with pytest.raises(UserError, match=r"fix: add a start: today\.\.now"):
        between("now", BERLIN, NOW)


@pytest.mark.parametrize(
    "text", ["", "..", "now", "2026-03-01T06:00", "2026-02-30", "2026-03-01..later", "8h", "9999-12-31"]
)
def test_an_invalid_span_is_refused(text: str) -> None:
    with pytest.raises(UserError):
        between(text, BERLIN, NOW)


@pytest.mark.parametrize("text", ["", "0h", "-8h", "999999999999d", "99999999999y"])
def test_an_invalid_length_is_refused(text: str) -> None:
    with pytest.raises(UserError):
        last(text, BERLIN, NOW)
