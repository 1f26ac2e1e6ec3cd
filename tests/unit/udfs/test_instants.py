"""A time of a file or an address has the documented form and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from headrace_udfs.instants import Instant

ADAPTER: TypeAdapter[datetime] = TypeAdapter(Instant)
zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=zones))
def test_a_time_with_a_zone_is_read(instant: datetime) -> None:
    assert ADAPTER.validate_python(instant.isoformat()) == instant
    assert ADAPTER.validate_json(f'"{instant.isoformat()}"', strict=True) == instant
    assert ADAPTER.validate_python(instant) == instant


@pytest.mark.parametrize("text", ["2026-03-01T00:00Z", "2026-03-01 00:00:00.5Z", "2026-03-01T01:00:00+01:00"])
def test_the_accepted_forms(text: str) -> None:
    assert ADAPTER.validate_python(text).astimezone(UTC).date().isoformat() == "2026-03-01"


@pytest.mark.parametrize(
    "value",
    [
        2014, 1404165600.5, "2014", "20140101", "1404165600", "-1", "2014-01-01", "2014-01-01T00:00:00", "2014-01",
        "2014-01-01_00:00:00Z", "20140101T000000Z", " 2014-01-01T00:00:00Z", "2014-13-01T00:00:00Z",
        "2014-01-01T00:00:00+01", "٢٠١٤-01-01T00:00:00Z", True, None,
    ],
)  # fmt: skip
def test_anything_else_is_refused(value: object) -> None:
    for strict in (True, False):
        with pytest.raises(ValidationError):
            ADAPTER.validate_python(value, strict=strict)


def test_a_plus_that_an_address_turned_into_a_blank_is_explained() -> None:
    with pytest.raises(ValidationError, match=r"a time is written like .*; in an address, a \+ is written as %2B"):
        ADAPTER.validate_python("2014-01-01T00:00:00 01:00")
