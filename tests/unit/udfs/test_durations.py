"""A duration reads as a whole number and a unit, and is written in its largest whole unit."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from headrace_udfs.durations import Duration, duration

READ = TypeAdapter(Duration).validate_python


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("250ms", timedelta(milliseconds=250)),
        ("90s", timedelta(seconds=90)),
        ("10m", timedelta(minutes=10)),
        ("36h", timedelta(hours=36)),
        ("36525d", timedelta(days=36_525)),
    ],
)
def test_a_duration_is_a_whole_number_and_a_unit(text: str, span: timedelta) -> None:
    assert READ(text) == span


@pytest.mark.parametrize("value", ["10", "10 m", "1.5h", "-1s", "m", "1w", "", 10, None, "36526d", "9" * 40 + "d"])
def test_any_other_value_is_refused(value: object) -> None:
    with pytest.raises(ValidationError, match="a duration"):
        READ(value)


@given(st.integers(1, 36_525 * 86_400_000))
def test_a_duration_reads_back_as_it_was_written(milliseconds: int) -> None:
    span = timedelta(milliseconds=milliseconds)
    assert READ(duration(span)) == span


def test_a_duration_is_written_in_its_largest_whole_unit() -> None:
    assert duration(timedelta(minutes=60)) == "1h"
    assert duration(timedelta(minutes=90)) == "90m"
    assert duration(timedelta(seconds=1.5)) == "1500ms"
