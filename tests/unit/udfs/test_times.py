"""Times of every unit become microseconds since 1970 in UTC, and a text that is not an instant is a fault."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace_udfs.faults import Code
from headrace_udfs.times import from_epoch, from_iso8601

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
instants = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))
zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


def micros(instant: datetime) -> int:
    return (instant - EPOCH) // timedelta(microseconds=1)


@given(st.lists(instants))
def test_every_unit_gives_the_same_instant(times: list[datetime]) -> None:
    whole = [time.replace(microsecond=time.microsecond // 1000 * 1000) for time in times]
    expected = [micros(time) for time in whole]
    assert from_epoch(pa.array([e // 1000 for e in expected], pa.float64()), "epoch_ms").tolist() == expected
    assert from_epoch(pa.array([e / 1e6 for e in expected], pa.float64()), "epoch_s").tolist() == expected
    assert from_epoch(pa.array(expected, pa.int64()), "epoch_us").tolist() == expected
    assert from_epoch(pa.array([e * 1000 + 999 for e in expected], pa.int64()), "epoch_ns").tolist() == expected


@pytest.mark.parametrize("unit", ["epoch_s", "epoch_ms"])
def test_a_time_too_large_to_represent_is_outside_all_bounds(unit: str) -> None:
    far = from_epoch(pa.array([1.7e308, -1.7e308, None]), unit)
    assert far[0] > micros(datetime(9999, 1, 1, tzinfo=UTC))
    assert far[1] < micros(datetime(1, 1, 1, tzinfo=UTC))
    assert far[2] == 0


@given(st.lists(instants), zones, st.sampled_from("T "), st.integers(0, 3))
def test_an_iso_time_is_read_in_its_zone(times: list[datetime], zone: timezone, separator: str, zeros: int) -> None:
    texts = []
    for time in times:
        local = time.astimezone(zone).isoformat(separator, "microseconds")
        texts.append(local[:26] + "0" * zeros + local[26:])
    read, faults = from_iso8601(pa.array(texts, pa.string()))
    assert not faults
    assert read.cast(pa.int64()).to_pylist() == [micros(time) for time in times]


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2014-01-01T00:00:00Z", "2014-01-01T00:00:00"),
        ("2014-01-01T00:00Z", "2014-01-01T00:00:00"),
        ("2014-01-01T01:00:00+01", "2014-01-01T00:00:00"),
        ("2014-01-01T01:00:00+0100", "2014-01-01T00:00:00"),
        ("2014-01-01T00:00:00.1Z", "2014-01-01T00:00:00.100000"),
        ("2014-01-01T00:00:00.1234569Z", "2014-01-01T00:00:00.123456"),
        ("1969-12-31T23:59:59.9999999Z", "1969-12-31T23:59:59.999999"),
        ("9999-12-31T00:00:00.0000001Z", "9999-12-31T00:00:00"),
        ("9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.999999"),
        ("9999-12-31T09:59:59.999999-14:00", "9999-12-31T23:59:59.999999"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00"),
        ("0001-01-01T14:00:00+14:00", "0001-01-01T00:00:00"),
    ],
)
def test_the_accepted_forms_of_iso_8601(text: str, instant: str) -> None:
    read, faults = from_iso8601(pa.array([text]))
    assert not faults
    assert read[0].as_py() == datetime.fromisoformat(instant)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2014-01-01T00:00:00", Code.TIME_WITHOUT_ZONE),
        ("2014-01-01", Code.TIME_WITHOUT_ZONE),
        ("2014-01-01T00:00:00.1234567", Code.TIME_WITHOUT_ZONE),
        ("2014-02-30T00:00:00Z", Code.TIME_INVALID),
        ("2014-01-01T24:00:00Z", Code.TIME_INVALID),
        ("2014-01-01T00:00:00+99:00", Code.TIME_INVALID),
        ("1400000000", Code.TIME_INVALID),
        ("", Code.TIME_INVALID),
        ("now", Code.TIME_INVALID),
        ("0000-01-01T00:00:00Z", Code.TIME_INVALID),
        ("0000-12-31T23:59:59.9999999Z", Code.TIME_INVALID),
        ("0001-01-01T00:00:00+01:00", Code.TIME_INVALID),  # in UTC, it is in the year 0
        ("9999-12-31T23:59:59-14:00", Code.TIME_INVALID),
        ("10000-01-01T00:00:00Z", Code.TIME_INVALID),
    ],
)
def test_a_text_that_is_not_an_instant_affects_no_other(text: str, code: Code) -> None:
    good = "2014-01-01T00:00:00Z"
    read, faults = from_iso8601(pa.array([good, None, text, *[good] * 100]))
    assert {i: fault.code for i, fault in faults.items()} == {2: code}
    assert read.is_null().to_pylist() == [False, True, True, *[False] * 100]


def test_an_empty_batch_of_times() -> None:
    read, faults = from_iso8601(pa.array([], pa.string()))
    assert (len(read), faults) == (0, {})
