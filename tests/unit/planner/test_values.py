"""Values of test cases: written as text, and read again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyiceberg.types import TimestamptzType

from headrace.planner.in_process.values import shown, typed

instants = st.datetimes(timezones=st.just(UTC))


@given(instants)
def test_a_time_of_any_year_is_read_as_it_was_written(instant: datetime) -> None:
    assert typed(shown(instant), TimestamptzType()) == instant


@pytest.mark.parametrize(
    ("year", "text"), [(1, "0001-01-01T00:00:00Z"), (999, "0999-01-01T00:00:00Z"), (9999, "9999-01-01T00:00:00Z")]
)
def test_a_year_has_four_digits(year: int, text: str) -> None:
    assert shown(datetime(year, 1, 1, tzinfo=UTC)) == text


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-14:00", "0000-01-01T00:00:00Z"])
def test_a_time_outside_the_calendar_is_reported_as_not_valid(text: str) -> None:
    with pytest.raises(ValueError, match="is not a valid timestamptz"):
        typed(text, TimestamptzType())
