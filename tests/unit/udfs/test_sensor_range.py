"""A good reading outside of its sensor's range becomes uncertain; nothing else about any reading changes."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from headrace_udfs.sensor_range import OUT_OF_RANGE, marked

limits = st.floats(-10, 10) | st.just(np.nan)
codes = st.sampled_from([0, 0x00960000, 0x3FFFFFFF, 0x40000000, OUT_OF_RANGE, 0x80000000, 0xBFFFFFFF])
rows = st.lists(st.tuples(st.floats(-20, 20) | st.just(np.nan), codes, limits, limits))


@given(rows)
def test_a_good_reading_outside_of_its_range_becomes_uncertain(rows: list[tuple[float, int, float, float]]) -> None:
    value, quality, low, high = (np.array([row[n] for row in rows]) for n in range(4))
    expected = [code if code >= 0x40000000 or not (v < lo or v > hi) else 0x40940000 for v, code, lo, hi in rows]
    assert marked(value, quality.astype(np.int64), low, high).tolist() == expected


def test_a_limit_is_inside_and_null_is_an_open_end() -> None:
    value, low, high = (
        np.array([0.0, 50.0, 50.1, -1e308]),
        np.array([0, 0, 0, np.nan]),
        np.array([50.0, 50, np.nan, 50]),
    )
    assert marked(value, np.zeros(4, np.int64), low, high).tolist() == [0] * 4
