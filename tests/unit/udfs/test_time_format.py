"""Times as texts of a declared form, and by the clock of a zone, are those that Python's datetime makes of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace_udfs import time_format, time_zones
from headrace_udfs.faults import Code
from headrace_udfs.times import from_formats, from_iso8601

EPOCH = datetime(1970, 1, 1)
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Casablanca", "UTC")
clocks = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1))
changes = st.sampled_from(
    [datetime(2024, 3, 31, 2), datetime(2024, 10, 27, 2), datetime(2024, 4, 7, 1, 30), datetime(2024, 11, 3, 1)]
)

hours = st.timedeltas(-timedelta(hours=3), timedelta(hours=3))
near_changes = st.tuples(changes, hours).map(lambda pair: pair[0] + pair[1])


def micros(instant: datetime) -> int:
    return (instant - EPOCH) // timedelta(microseconds=1)


@pytest.mark.parametrize(
    "form",
    ["%Y%m%d%H%M%S", "%Y-%m-%dT%H:%M:%S.%f", "%d %b %Y %I:%M:%S %p", "%Y%j %H%M%S", "%d.%m.%Y", "100%% %Y/%m/%d (%H)"],
)
@given(times=st.lists(st.datetimes(datetime(1000, 1, 1), datetime(9999, 12, 31))))
def test_a_text_of_a_form_is_read_as_python_reads_it(form: str, times: list[datetime]) -> None:
    texts = [time.strftime(form) for time in times]
    read, fits, zoned = time_format.read(pa.array(texts, pa.string()), form)
    assert fits.all()
    assert not zoned.any()
    assert read.tolist() == [micros(datetime.strptime(text, form)) for text in texts]


@given(times=st.lists(st.datetimes(datetime(1000, 1, 1), datetime(9999, 12, 31))))
def test_parts_may_have_one_digit_where_the_form_says_so(times: list[datetime]) -> None:
    short = [f"{time.month}/{time.day}/{time:%Y} {time.hour % 12 or 12}:{time:%M:%S %p}" for time in times]
    full = [time.strftime("%m/%d/%Y %I:%M:%S %p") for time in times]
    read, fits, _ = time_format.read(pa.array([*short, *full], pa.string()), "%-m/%-d/%Y %-I:%M:%S %p")
    assert fits.all()
    assert read.tolist() == [micros(time.replace(microsecond=0)) for time in times] * 2


def test_only_parts_of_a_day_and_hours_can_have_one_digit() -> None:
    time_format.check("%-d.%-m.%Y %-H:%M")
    with pytest.raises(ValueError, match="%- is not a part"):
        time_format.check("%Y-%m-%d %H:%-M")


@given(st.text("0123456789TZ:-+. ", max_size=20) | st.from_regex(r"[0-9]{14}", fullmatch=True))
def test_a_text_that_is_read_has_the_full_width_of_each_part(text: str) -> None:
    form = "%Y%m%d%H%M%S"
    _, (fits,), _ = time_format.read(pa.array([text]), form)
    try:
        valid = len(text) == 14 and text.isdigit() and datetime.strptime(text, form) is not None
    except ValueError:
        valid = False
    assert fits == valid


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("20240229123045+0100", datetime(2024, 2, 29, 11, 30, 45)),
        ("20240229123045-05", datetime(2024, 2, 29, 17, 30, 45)),
        ("20240229123045+05:30", datetime(2024, 2, 29, 7, 0, 45)),
        ("20240229123045Z", datetime(2024, 2, 29, 12, 30, 45)),
        ("20240229123045+2400", None),
        ("20240229123045+0160", None),
        ("20230229123045Z", None),
        ("20240229240000Z", None),
        ("20240229126000Z", None),
        ("20240229123060Z", None),
        ("20241301000000Z", None),
        ("00000101000000Z", None),
        ("20240229123045", None),
        ("2024022912304\uff15Z", None),
    ],
)
def test_a_zone_in_a_text_and_the_limits_of_each_part(text: str, instant: datetime | None) -> None:
    read, faults = from_formats(pa.array([text, None]), ["%Y%m%d%H%M%S%z"], None)
    assert read.to_pylist() == [instant, None]
    assert {i: fault.code for i, fault in faults.items()} == ({} if instant else {0: Code.TIME_INVALID})


def test_the_first_form_that_fits_counts() -> None:
    texts = pa.array(["20240701120000", "20240701120000+0000", "2024", None, "20240331023000", "20241027023000"])
    read, faults = from_formats(texts, ["%Y%m%d%H%M%S%z", "%Y%m%d%H%M%S"], "Europe/Berlin")
    assert read.to_pylist() == [datetime(2024, 7, 1, 10), datetime(2024, 7, 1, 12), None, None, None, None]
    assert {i: fault.code for i, fault in faults.items()} == {
        2: Code.TIME_INVALID, 4: Code.TIME_SKIPPED, 5: Code.TIME_AMBIGUOUS,
    }  # fmt: skip


@given(st.lists(clocks | near_changes), st.sampled_from(ZONES))
def test_a_clock_is_read_as_python_reads_it(times: list[datetime], name: str) -> None:
    zone = ZoneInfo(name)
    utc, ambiguous, skipped = time_zones.to_utc(np.array([micros(time) for time in times], np.int64), name)
    for time, instant, twice, never in zip(times, utc.tolist(), ambiguous, skipped, strict=True):
        passes = {time.replace(tzinfo=zone, fold=fold).astimezone(UTC).replace(tzinfo=None) for fold in (0, 1)}
        back = {each.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None) for each in passes}
        assert (twice, never) == (len(passes) == 2 and back == {time}, time not in back)
        if not twice and not never:
            assert passes == {EPOCH + timedelta(microseconds=instant)}


def test_an_iso_time_without_a_zone_is_by_the_clock_of_the_contract() -> None:
    texts = pa.array(
        ["2024-07-01T12:00:00", "2024-07-01T12:00:00,5z", "2024-03-31 02:30:00", "once", None, "2024-07-01t12:00"]
    )
    read, faults = from_iso8601(texts, "Europe/Berlin")
    assert read.to_pylist() == [datetime(2024, 7, 1, 10), datetime(2024, 7, 1, 12, 0, 0, 500000), None, None, None,
                                datetime(2024, 7, 1, 10)]  # fmt: skip
    assert {i: fault.code for i, fault in faults.items()} == {2: Code.TIME_SKIPPED, 3: Code.TIME_INVALID}
