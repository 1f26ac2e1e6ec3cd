from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from duckdb import DuckDBPyConnection
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.historian.train import Baseline, baselines

START = datetime(2026, 1, 1, tzinfo=UTC)
GOOD, UNCERTAIN, BAD = 0, 0x40000000, 0x80000000

NAMES = ["a/1", "a/2", "b"]
Reading = tuple[str, float | None, int]

readings = st.lists(
    st.tuples(
        st.sampled_from(NAMES),
        st.none() | st.floats(min_value=-1e300, max_value=1e300) | st.sampled_from([float("nan"), float("inf")]),
        st.sampled_from([GOOD, GOOD, GOOD, 0x00000400, 0x3FFFFFFF, UNCERTAIN, BAD, 0xFFFFFFFF]),
    ),
    max_size=60,
)


def stored(rows: list[Reading], seconds: list[int] | None = None) -> DuckDBPyConnection:
    """A DuckDB with `rows` as historian.readings, received in their order.

    They were measured a second apart from START, or at these `seconds` after it.
    """
    schema = pa.schema(
        [
            *[
                ("tag", pa.string()),
                ("value", pa.float64()),
                ("quality", pa.int64()),
                ("ts", pa.timestamp("us", "UTC")),
            ],
            *[("src_topic", pa.string()), ("src_partition", pa.int32()), ("src_offset", pa.int64())],
            *[("src_index", pa.int32()), ("ingested_at", pa.timestamp("us", "UTC"))],
        ]
    )
    count = len(rows)
    times = [START + timedelta(seconds=second) for second in (range(count) if seconds is None else seconds)]
    columns = [list(column) for column in zip(*rows, strict=True)] or [[], [], []]
    places = [["t"] * count, [0] * count, list(range(count)), [0] * count, [START] * count]
    held = pa.table([*columns, times, *places], schema=schema)
    connection = duckdb.connect()
    connection.register("held", held)
    connection.execute("create schema historian")
    connection.execute("create view historian.readings as from held")
    return connection


@settings(deadline=None)  # each example opens a DuckDB
@given(readings)
def test_baselines_are_the_median_and_mad_of_the_good_values(rows: list[Reading]) -> None:
    good = defaultdict(list)
    for tag, value, quality in rows:
        if value is not None and np.isfinite(value) and quality < UNCERTAIN:
            good[tag].append(value)
    learned = baselines(stored(rows), START, NAMES).to_pylist()
    assert [row["tag"] for row in learned] == sorted(good)
    for row in learned:
        values = np.array(good[row["tag"]])
        median = np.median(values)
        assert row["baseline_count"] == len(values)
        assert row["baseline_median"] == pytest.approx(median, rel=1e-12, abs=1e-300)
        assert row["baseline_mad"] == pytest.approx(np.median(np.abs(values - median)), rel=1e-9, abs=1e-300)


def test_only_readings_at_or_after_since_are_learned_from() -> None:
    rows: list[Reading] = [("a", float(number), GOOD) for number in range(10)]
    [row] = baselines(stored(rows), START + timedelta(seconds=6), ["a"]).to_pylist()
    assert (row["baseline_count"], row["baseline_median"]) == (4, 7.5)


def test_a_reading_that_was_sent_twice_or_corrected_counts_once() -> None:
    rows: list[Reading] = [("a", 1.0, GOOD), ("a", 1.0, GOOD), ("a", 1.0, GOOD), ("a", 5.0, GOOD), ("a", 9.0, GOOD)]
    rows += [("a", 7.0, GOOD), ("a", 99.0, GOOD), ("a", 99.0, BAD)]
    [row] = baselines(stored(rows, [0, 0, 0, 1, 2, 2, 3, 3]), START, ["a"]).to_pylist()
    assert (row["baseline_count"], row["baseline_median"], row["baseline_mad"]) == (3, 5.0, 2.0)


@pytest.mark.parametrize("name", ["[ab]", r"\\SRV\P1", "O'Brien", "100%", "a*"])
def test_only_the_named_tags_are_learned_whatever_is_in_a_name(name: str) -> None:
    connection = stored([(name, 1.0, GOOD), ("a", 1.0, GOOD), ("b", 1.0, GOOD)])
    assert baselines(connection, START, [name])["tag"].to_pylist() == [name]


@pytest.mark.parametrize(
    ("old_median", "old_mad", "shift"), [(None, None, 0), (10.0, 0.0, 0), (9.0, 0.0, np.inf), (12.0, 0.5, 4)]
)
def test_a_shift_is_measured_in_old_mads(old_median: float | None, old_mad: float | None, shift: float) -> None:
    assert Baseline("a", 100, 10.0, 1.0, old_median, old_mad).shift == shift
