"""Counted windows and expected counts, over tables that DuckDB holds itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.errors import Place
from headrace.upkeep.checks.expected_counts import ExpectedCounts
from headrace.upkeep.recompute import counted_windows
from headrace.upkeep.recompute.counted_windows import CountedWindows, Difference

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
LENGTH = timedelta(minutes=7)
COUNTS = """
    select tag, time_bucket(interval 7 minutes, ts, timestamptz '2026-01-01 00:00:00+00') as ts, count(*) as readings
    from readings group by all
"""
TS = pa.timestamp("us", "UTC")
Row = tuple[str, int]

rows = st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 99)), max_size=60)


def windows_of(stored: Sequence[Row], held: Counter[Row]) -> CountedWindows:
    """Readings of a tag at a minute, and how many the job has counted of a tag in the nth window."""
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'; create schema s")
    told = {"tag": [tag for tag, _ in stored], "ts": [FIRST + timedelta(minutes=at) for _, at in stored]}
    connection.register("told", pa.table(told, pa.schema({"tag": pa.string(), "ts": TS}.items())))
    counts = [{"tag": tag, "ts": FIRST + n * LENGTH, "readings": count} for (tag, n), count in held.items()]
    schema = pa.schema({"tag": pa.string(), "ts": TS, "readings": pa.int64()}.items())
    connection.register("counts", pa.Table.from_pylist(counts, schema))
    connection.execute("create table s.readings as from told; create table s.windows as from counts")
    return CountedWindows(
        connection,
        ExpectedCounts(COUNTS, "tag", "readings", Place("expected_counts.sql.j2", 1)),
        "s.readings",
        "s.windows",
    )


@settings(deadline=None, max_examples=50)
@given(rows, st.integers(0, 16), st.integers(1, 30))
def test_parts_cover_the_whole_time_and_none_holds_more_than_the_limit(
    stored: list[Row], windows: int, most: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counted_windows, "AT_ONCE", most)
        found = list(windows_of(stored, Counter()).spans(FIRST, FIRST + windows * LENGTH, LENGTH))
    edges = [FIRST, *(end for _, end in found)] if found else [FIRST, FIRST]
    assert (edges[-1], [start for start, _ in found]) == (FIRST + windows * LENGTH, edges[:-1] if found else [])
    assert all((b - a) % LENGTH == timedelta(0) for a, b in pairwise(edges))
    for start, end in found:
        inside = [at for _, at in stored if start <= FIRST + timedelta(minutes=at) < end]
        assert len(inside) <= most or len({at // 7 for at in inside}) == 1


@settings(deadline=None, max_examples=50)
@given(rows, rows)
def test_only_differences_are_returned(stored: list[Row], counted: list[Row]) -> None:
    is_, held = (Counter((tag, at // 7) for tag, at in each) for each in (stored, counted))
    found = windows_of(stored, held).between(FIRST, FIRST + 15 * LENGTH)
    wanted = {Difference(*_named(each), is_[each], held[each]) for each in is_ | held if is_[each] != held[each]}
    assert (set(found), len(found)) == (wanted, len(wanted))


def _named(window: Row) -> tuple[str, datetime]:
    tag, n = window
    return tag, FIRST + n * LENGTH
