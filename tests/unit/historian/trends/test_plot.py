"""What a trend draws of numbers, of texts, and of tags that have both."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from headrace.historian.read.rows import Rows
from headrace.historian.series.cells import Cells, Intervals
from headrace.historian.trends.plot import plot

BAD, UNCERTAIN, NO_DATA = 0x80000000, 0x40000000, 0x809B0000
Reading = tuple[int, float | str | None, int]

readings = st.lists(
    st.tuples(
        st.integers(0, 30),
        st.none() | st.sampled_from(["RUN", "STOP"]) | st.integers(-3, 3).map(float),
        st.sampled_from([0, 0, 0, UNCERTAIN, BAD, NO_DATA]),
    ),
    max_size=30,
)


def rows(stored: list[Reading]) -> Rows:
    """Return readings of one tag at times in microseconds."""
    columns = {
        "tag": pa.array(["T"] * len(stored), pa.string()),
        "ts": pa.array([ts for ts, _, _ in stored], pa.timestamp("us", "UTC")),
        "value": pa.array([None if isinstance(value, str) else value for _, value, _ in stored], pa.float64()),
        "quality": pa.array([quality for _, _, quality in stored], pa.int64()),
        "text": pa.array([value if isinstance(value, str) else None for _, value, _ in stored], pa.large_string()),
    }
    return Rows(["T"], pa.table(columns))


@given(readings)
def test_stored_readings_keep_their_words_and_their_qualities(given: list[Reading]) -> None:
    points, text = rows(given).stored(nonfinite_is_bad=True)
    kept = list(zip(points.ts.tolist(), points.value.tolist(), text.to_pylist(), points.quality.tolist(), strict=True))
    expected = [
        (
            ts,
            None if quality >= BAD or isinstance(value, str) else value,
            value if isinstance(value, str) else None,
            BAD if value is None and quality < BAD else quality,
        )
        for ts, value, quality in given
    ]
    shown = [(ts, None if np.isnan(value) else value, word, quality) for ts, value, word, quality in kept]
    first = min((ts for ts, *_, quality in expected if quality != NO_DATA), default=99)
    dropped = [each for each in expected if each not in shown]
    assert all(quality == NO_DATA and ts <= first for ts, _, _, quality in dropped)
    assert sorted(shown, key=repr) == sorted((each for each in expected if each not in dropped), key=repr)
    assert [ts for ts, *_ in kept] == sorted(ts for ts, *_ in kept)


def test_numbers_are_the_same_points_as_for_calculations() -> None:
    numbers = rows([(5, 2.0, 0), (5, 9.0, UNCERTAIN), (5, None, BAD), (1, None, NO_DATA), (3, np.nan, 0), (9, None, 0)])
    points, _ = numbers.stored(nonfinite_is_bad=True)
    known = numbers.points(nonfinite_is_bad=True)
    for name in ("offsets", "ts", "value", "quality"):
        np.testing.assert_array_equal(getattr(points, name), getattr(known, name))


@given(readings)
def test_no_state_within_a_pixel_is_hidden_by_the_ones_around_it(given: list[Reading]) -> None:
    points, text = rows(given).stored(nonfinite_is_bad=True)
    edges = np.array([0, 10, 20])
    pixels = Intervals(edges, edges + 10, np.zeros(3, np.bool_), reverse=False)
    word = text.to_pylist()
    chosen = set(plot(points, Cells.of(pixels, 1), text).tolist())
    for start in edges:
        inside = [at for at, ts in enumerate(points.ts) if start <= ts < start + 10]
        assert len(chosen.intersection(inside)) <= 6
        changes = [at for before, at in pairwise(inside) if word[at] != word[before]]
        assert not changes or changes[0] in chosen
        drawn = [at for at in inside if points.quality[at] < BAD]
        assert not drawn or {drawn[0], drawn[-1]} <= chosen
