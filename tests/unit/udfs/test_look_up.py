"""Looked up rows are those that a search through all rows of the table finds."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace_udfs.look_up import Kind, LookUp, LookUpTable, arrow_type

SECOND = timedelta(seconds=1)
Row = dict[str, Any]

small = st.one_of(st.none(), st.integers(-4, 4))
texts = st.one_of(st.none(), st.sampled_from(["a", "b", "A", ""]))
rows_of = st.lists(st.fixed_dictionaries({"x": texts, "y": small, "low": small, "high": small}), max_size=12)


def spec(by: tuple[str, ...], *, ranged: bool, closed: bool, number: Kind = "long") -> LookUp:
    bounds = (("low", number), ("high", number)) if ranged else ()
    kinds = (*((name, {"x": "string", "y": "long"}[name]) for name in by), *bounds, ("n", "long"))
    return LookUp("t.t", by, "low" if ranged else None, "high" if ranged else None, closed, ("n",), kinds, SECOND)


def table(described: LookUp, rows: list[Row]) -> LookUpTable:
    kinds = dict(described.kinds)
    columns = {name: pa.array([row[name] for row in rows], arrow_type(kind)) for name, kind in kinds.items()}
    return LookUpTable.of(described, pa.table(columns))


def ask(described: LookUp, rows: list[Row], asked: list[tuple[Any, ...]]) -> list[Any]:
    """Return the `n` of the row that each tuple of arguments finds."""
    kept = table(described, rows)
    arguments = [pa.array([each[i] for each in asked], arrow_type(kind)) for i, kind in enumerate(described.arguments)]
    found: list[Any] = kept.take("n", kept.find(arguments)).to_pylist()
    return found


def holds(row: Row, number: Any, *, closed: bool) -> bool:
    low, high = row["low"], row["high"]
    if number is None:
        return False
    below = high is None or number < high or (closed and number == high)
    empty = low is not None and high is not None and (low > high or (low == high and not closed))
    return (low is None or low <= number) and below and not empty


def order(row: Row) -> tuple[Any, ...]:
    """The order in which intervals count: the narrowest last."""
    low, high = row["low"], row["high"]
    is_open = low is None or high is None
    return (-is_open, 0 if is_open else low - high, -math.inf if low is None else low)


@pytest.mark.parametrize("number", ["long", "double"])
@given(rows_of, st.lists(st.tuples(texts, small, small), min_size=1, max_size=8), st.booleans(), st.booleans())
def test_the_narrowest_interval_of_the_equal_rows_counts(
    number: Kind, rows: list[Row], asked: list[tuple[Any, ...]], closed: bool, keyed: bool
) -> None:
    by = ("x", "y") if keyed else ()
    described = spec(by, ranged=True, closed=closed, number=number)
    numbered = [{**row, "n": n} for n, row in enumerate(rows)]
    found = ask(described, numbered, [each if keyed else each[2:] for each in asked])
    for (x, y, at), n in zip(asked, found, strict=True):
        same = [row for row in numbered if not keyed or (None not in (x, y) and (row["x"], row["y"]) == (x, y))]
        fitting = [row for row in same if holds(row, at, closed=closed)]
        best = max(map(order, fitting), default=None)
        assert n in ({row["n"] for row in fitting if order(row) == best} or {None})


@given(rows_of, st.lists(st.tuples(texts, small), min_size=1, max_size=8))
def test_rows_are_found_by_equal_columns_and_null_equals_nothing(rows: list[Row], asked: list[tuple[Any, ...]]) -> None:
    numbered = [{**row, "n": n} for n, row in enumerate(rows)]
    found = ask(spec(("x", "y"), ranged=False, closed=False), numbered, asked)
    for (x, y), n in zip(asked, found, strict=True):
        fitting = {row["n"] for row in numbered if None not in (x, y) and (row["x"], row["y"]) == (x, y)}
        assert n in (fitting or {None})


@given(rows_of, st.lists(st.tuples(small), min_size=1, max_size=4), st.randoms())
def test_the_order_of_the_rows_decides_nothing(rows: list[Row], asked: list[tuple[Any, ...]], random: Any) -> None:
    numbered = [{**row, "n": n} for n, row in enumerate(rows)]
    described = spec((), ranged=True, closed=False)
    before = ask(described, numbered, asked)
    random.shuffle(numbered)
    assert ask(described, numbered, asked) == before


def test_bounds_of_every_type_and_far_apart() -> None:
    rows = [{"low": -(2**63), "high": 2**63 - 1, "n": 1}, {"low": 0, "high": 2, "n": 2}]
    described = spec((), ranged=True, closed=False)
    assert ask(described, rows, [(-(2**63),), (1,), (2**63 - 2,), (2**63 - 1,)]) == [1, 2, 1, None]
    kinds: tuple[tuple[str, Kind], ...] = (("low", "date"), ("high", "date"), ("n", "long"))
    days = LookUp("t.t", (), "low", "high", True, ("n",), kinds, SECOND)
    january = [{"low": date(2024, 1, 1), "high": date(2024, 1, 31), "n": 1}]
    assert ask(days, january, [(date(2024, 1, 31),), (date(2024, 2, 1),)]) == [1, None]
    kinds = (("low", "timestamp"), ("high", "timestamp"), ("n", "long"))
    times = LookUp("t.t", (), "low", "high", False, ("n", "low"), kinds, SECOND)
    noon = datetime(2024, 1, 1, 12, tzinfo=UTC)
    kept = LookUpTable.of(times, pa.table({"low": [noon], "high": [noon + SECOND], "n": [1]}))
    micros = int(noon.timestamp()) * 1_000_000
    at = kept.find([pa.array([micros - 1, micros, micros + 999_999, micros + 1_000_000, None], pa.timestamp("us"))])
    assert kept.take("n", at).to_pylist() == [None, 1, 1, None, None]
    assert kept.take("low", at).to_pylist()[1] == noon.replace(tzinfo=None)


def test_nan_is_no_number_and_no_bound() -> None:
    described = spec((), ranged=True, closed=False, number="double")
    rows = [{"low": 0.5, "high": math.nan, "n": 1}, {"low": -math.inf, "high": math.inf, "n": 2}]
    assert ask(described, rows, [(math.nan,), (0.7,), (0.1,), (math.inf,)]) == [None, 2, 2, 1]


def test_an_empty_table_finds_nothing() -> None:
    for described in (spec(("x", "y"), ranged=False, closed=False), spec(("x", "y"), ranged=True, closed=False)):
        arguments = [("a", 1, 1)[: len(described.arguments)]]
        assert ask(described, [], arguments) == [None]
        assert len(table(described, [])) == 0


def test_many_columns_of_many_values_do_not_overflow() -> None:
    columns = [f"c{i}" for i in range(6)]
    kinds = (*((name, "long") for name in columns), ("n", "long"))
    described = LookUp("t.t", tuple(columns), None, None, False, ("n",), kinds, SECOND)
    rows = 20_000
    values = np.arange(rows, dtype=np.int64)
    kept = LookUpTable.of(described, pa.table({**dict.fromkeys(columns, values), "n": values}))
    asked = [pa.array([5, 5, rows]) for _ in columns]
    asked[-1] = pa.array([5, 6, rows])
    assert kept.take("n", kept.find(asked)).to_pylist() == [5, None, None]
