"""The judge's comparisons tell rows apart."""

from __future__ import annotations

from math import nan

import pandas as pd
import pytest

from gallery import kit

NOON = pd.Timestamp("2024-03-01T12:00:00Z")
ROWS = pd.DataFrame({"tag": ["b", "a"], "ts": [NOON, NOON], "value": [1.0, nan]})


def test_rows_are_the_same_in_any_order() -> None:
    assert kit.same("rows", ROWS.iloc[::-1], ROWS).holds
    assert kit.same("rows", ROWS.assign(more=1), ROWS).figure == "2 rows"
    assert kit.same("rows", ROWS.assign(value=[1.0 + 1e-9, nan]), ROWS, tolerance=1e-6).holds


@pytest.mark.parametrize(
    "other",
    [
        ROWS.iloc[:1],
        pd.concat([ROWS, ROWS]),
        ROWS.assign(value=[1.0 + 1e-9, nan]),
        ROWS.assign(value=[1.0, 0.0]),
        ROWS.assign(ts=NOON + pd.Timedelta("1us")),
        ROWS.iloc[:0],
    ],
)
def test_a_difference_is_one(other: pd.DataFrame) -> None:
    assert not kit.same("rows", other, ROWS).holds


def test_times_stay_in_utc_through_duckdb() -> None:
    berlin = ROWS.assign(ts=ROWS["ts"].dt.tz_convert("Europe/Berlin"))
    found = kit.duck("select tag, ts + interval 1 hour as ts, value from rows order by tag", rows=berlin)
    assert list(found["ts"]) == [NOON + pd.Timedelta("1h")] * 2
