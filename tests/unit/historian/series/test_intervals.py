from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.errors import UserError
from headrace.historian.series.intervals import Every, cut, microseconds, zone

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = 3_600_000_000


def at(text: str, where: ZoneInfo = BERLIN) -> int:
    return microseconds(datetime.fromisoformat(text).replace(tzinfo=where))


def hours(start: str, end: str, every: str, where: ZoneInfo = BERLIN) -> list[float]:
    result = cut(at(start, where), at(end, where), Every.parse(every), where)
    return list((result.end - result.start) / HOUR)


def test_a_day_has_23_hours_when_clocks_go_forward_and_25_when_they_go_back() -> None:
    assert hours("2026-03-28", "2026-03-31", "1d") == [24, 23, 24]
    assert hours("2026-10-24", "2026-10-27", "1d") == [24, 25, 24]
    assert hours("2026-03-28", "2026-03-31", "1d", ZoneInfo("UTC")) == [24, 24, 24]


def test_hours_are_hours_whatever_the_clocks_do() -> None:
    assert hours("2026-10-25", "2026-10-26", "1h") == [1] * 25


def test_a_skipped_wall_clock_time_moves_forward_by_the_length_of_the_clock_change() -> None:
    result = cut(at("2026-03-28T02:30"), at("2026-03-31T02:30"), Every.parse("1d"), BERLIN)
    assert result.start[1] == at("2026-03-29T03:30")
    assert list((result.end - result.start) / HOUR) == [24, 23, 24]


def test_a_wall_clock_time_that_occurs_twice_is_the_first_of_the_two() -> None:
    result = cut(at("2026-10-24T02:30"), at("2026-10-26T02:30"), Every.parse("1d"), BERLIN)
    assert list((result.end - result.start) / HOUR) == [24, 25]


def test_a_day_that_a_month_does_not_have_is_its_last_day_in_leap_years_too() -> None:
    result = cut(at("2028-01-31"), at("2028-05-01"), Every.parse("1mo"), BERLIN)
    assert list(result.start) == [at("2028-01-31"), at("2028-02-29"), at("2028-03-31"), at("2028-04-30")]
    result = cut(at("2028-01-15"), at("2028-04-15"), Every.parse("1mo"), BERLIN)
    assert list(result.start) == [at("2028-01-15"), at("2028-02-15"), at("2028-03-15")]
    result = cut(at("2028-02-29"), at("2032-03-01"), Every.parse("1y"), BERLIN)
    assert [datetime.fromtimestamp(edge / 1e6, BERLIN).strftime("%d %b") for edge in result.start] == [
        "29 Feb",
        "28 Feb",
        "28 Feb",
        "28 Feb",
        "29 Feb",
    ]
    assert list(result.truncated) == [False] * 4 + [True]


def test_the_last_interval_is_cut_short_at_the_end_and_marked_as_truncated() -> None:
    result = cut(0, 100, Every(40, "us"))
    assert list(result.start) == [0, 40, 80]
    assert list(result.end) == [40, 80, 100]
    assert list(result.truncated) == [False, False, True]
    assert list(result.label) == [0, 40, 80]


def test_backwards_intervals_start_at_the_later_end() -> None:
    result = cut(100, 0, Every(40, "us"))
    assert result.reverse
    assert list(result.label) == [100, 60, 20]
    assert list(result.start) == [60, 20, 0]
    assert list(result.truncated) == [False, False, True]
    days = cut(at("2026-03-31"), at("2026-03-28"), Every.parse("1d"), BERLIN)
    assert list((days.end - days.start) / HOUR) == [24, 23, 24]


def test_without_a_length_the_whole_time_is_one_interval() -> None:
    result = cut(5, 100, None)
    assert (list(result.start), list(result.end), list(result.truncated)) == ([5], [100], [False])


@given(st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6), st.integers(1, 10**5))
def test_intervals_fill_the_time_without_gap_or_overlap(start: int, end: int, amount: int) -> None:
    if start == end:
        return
    result = cut(start, end, Every(amount, "us"))
    assert (result.start < result.end).all()
    assert (result.end - result.start).sum() == abs(end - start)
    np.testing.assert_array_equal(np.diff(result.label), np.sign(end - start) * amount)


@pytest.mark.parametrize("text", ["", "5", "m", "-5m", "0s", "1.5h", "3 weeks", "5 M", "9999999999999h"])
def test_an_invalid_interval_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="interval"):
        Every.parse(text)


def test_ten_million_intervals_are_refused_before_any_array_is_allocated() -> None:
    with pytest.raises(UserError, match="10,000,001 intervals of 1 tag"):
        cut(0, 10_000_000, Every(1, "us"))
    with pytest.raises(UserError, match="2,000 tag"):
        cut(0, 10_000, Every(1, "us"), tags=2_000)


def test_a_length_beyond_the_calendar_is_one_interval_cut_short() -> None:
    for every in ("999999999999d", "99999999999y"):
        for start, end in ((0, 100), (100, 0)):
            result = cut(start, end, Every.parse(every))
            assert list(result.truncated) == [True]


def test_an_empty_span_an_unknown_time_zone_and_a_time_without_one_are_refused() -> None:
    with pytest.raises(UserError, match="same time"):
        cut(7, 7, None)
    with pytest.raises(UserError, match="no time zone 'Europe/Berlln'"):
        zone("Europe/Berlln")
    with pytest.raises(UserError, match="has no time zone"):
        microseconds(datetime(2026, 1, 1))
    assert microseconds(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)) == 1_000_000
