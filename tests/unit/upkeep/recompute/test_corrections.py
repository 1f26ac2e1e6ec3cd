"""Corrections add up to what the window is, whatever was stored of it before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.upkeep.recompute import corrections

AT = datetime(2026, 1, 1, tzinfo=UTC)
COLUMNS = ["used", "readings"]
amounts = st.one_of(st.none(), st.integers(-1000, 1000).map(lambda n: n / 8))


def row(used: float | None, readings: int, corrected: datetime | None = None) -> dict[str, Any]:
    return {"meter": "a", "ts": AT, "used": used, "readings": readings, "corrected_at": corrected}


rows = st.lists(st.builds(row, amounts, st.integers(0, 20)), max_size=4)


def total(held: list[dict[str, Any]], column: str) -> Any:
    return sum(each[column] or 0 for each in held)


@given(st.one_of(st.none(), st.builds(row, amounts, st.integers(0, 20))), rows)
def test_a_correction_makes_the_sum_right_and_a_second_one_is_not_needed(
    new: dict[str, Any] | None, held: list[dict[str, Any]]
) -> None:
    made = corrections._correction(new, held, COLUMNS)
    held = [*held, *([made] if made else [])]
    for column in COLUMNS:
        assert total(held, column) == total([new] if new else [], column)
    assert corrections._correction(new, held, COLUMNS) is None


def test_a_difference_of_rounding_alone_is_no_correction() -> None:
    assert corrections._correction(row(0.1 + 0.2, 3), [row(0.3, 3)], COLUMNS) is None
    found = corrections._correction(row(0.301, 3), [row(0.3, 3)], COLUMNS)
    assert found
    assert (found["used"], found["readings"]) == (pytest.approx(0.001), 0)


def test_a_window_that_has_no_row_any_more_is_taken_back_by_its_latest_row() -> None:
    held = [row(2.0, 3), row(-0.5, 1, AT + timedelta(1))]
    assert corrections._correction(None, held, COLUMNS) == {**held[1], "used": -1.5, "readings": -4}
