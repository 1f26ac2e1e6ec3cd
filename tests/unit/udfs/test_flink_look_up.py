"""What Flink passes to a look-up, and what it gets: columns, constants, results of other functions, and one search."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from headrace_udfs.flink_arrays import ArrowColumn
from headrace_udfs.flink_look_up import LookUpColumn, _Search
from headrace_udfs.look_up import NO_LONG, LookUp, LookUpTable
from headrace_udfs.step_protocol import CatalogAddress

KINDS = (("id", "long"), ("site", "string"), ("name", "string"), ("rank", "int"))
SPEC = LookUp("plant.machines", ("id", "site"), None, None, False, ("name", "rank"), KINDS, timedelta(minutes=1))
LARGE = 2**60 + 1


def table(*rows: tuple[int, str, str, int]) -> LookUpTable:
    return LookUpTable.of(SPEC, pa.table({name: [row[i] for row in rows] for i, (name, _) in enumerate(KINDS)}))


@pytest.fixture
def search() -> _Search:
    made = _Search(SPEC)
    made._cache = SimpleNamespace(rows=table((LARGE, "a", "pump", 1), (LARGE - 1, "a", "fan", 2)))  # type: ignore[assignment]
    return made


def column(search: _Search, name: str, *arguments: Any) -> list[Any]:
    function = LookUpColumn(SPEC, CatalogAddress("c", {}), name)
    function._search = search
    found: list[Any] = pa.array(function.eval(*arguments)).to_pylist()
    return found


def test_a_null_next_to_large_numbers_changes_none_of_them(search: _Search) -> None:
    ids = pd.Series([LARGE, NO_LONG, LARGE - 1, 7])
    assert column(search, "name", ids, pd.Series(["a"] * 4)) == ["pump", None, "fan", None]


def test_a_constant_and_the_result_of_another_function_are_arguments_too(search: _Search) -> None:
    ids = ArrowColumn(pa.array([LARGE, None]))
    assert column(search, "rank", ids, "a") == [1, None]
    with pytest.raises(ValueError, match="are constants"):
        column(search, "rank", LARGE, "a")


def test_all_columns_of_a_batch_are_of_the_same_state_of_the_table(search: _Search) -> None:
    ids, sites = pd.Series([LARGE]), pd.Series(["a"])
    assert column(search, "name", ids, sites) == ["pump"]
    search._cache.rows = table((LARGE, "a", "mixer", 9))
    assert column(search, "rank", ids, sites) == [1]
    assert column(search, "rank", pd.Series([LARGE]), sites) == [9]


def test_a_look_up_is_never_replaced_by_an_earlier_result() -> None:
    assert not LookUpColumn(SPEC, CatalogAddress("c", {}), "name").is_deterministic()
