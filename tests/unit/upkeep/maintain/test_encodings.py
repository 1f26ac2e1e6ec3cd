"""Columns of a rewritten file are stored as differences where that is smaller, and only in pages of version 2."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pyarrow as pa
import pytest
from pyiceberg.table import Table

from headrace.upkeep.maintain.encodings import writer_options

CHANCE = np.random.default_rng(1)
ROWS = pa.table(
    {
        "tag": pa.array(np.repeat(["a", "b", "c", "d"], 2000)),
        "ts": pa.array(np.tile(np.arange(2000) * 1_000_003, 4), pa.timestamp("us", "UTC")),
        "offset": pa.array(np.concatenate([np.arange(2000) * 4 + tag for tag in range(4)])),
        "quality": pa.array(CHANCE.choice([0, 0x40000000, 0x80890500], 8000)),
        "value": pa.array(CHANCE.normal(size=8000)),
    }
)


class _Table:
    def __init__(self, **properties: str) -> None:
        self.properties = {f"write.parquet.{name.replace('_', '-')}": value for name, value in properties.items()}


def options(rows: pa.Table, **properties: str) -> dict[str, Any]:
    return writer_options(cast(Table, _Table(**properties)), rows)


def test_times_and_offsets_are_differences_and_what_repeats_has_a_dictionary() -> None:
    chosen = options(ROWS, page_version="v2")
    assert chosen["data_page_version"] == "2.0"
    assert chosen["column_encoding"] == dict.fromkeys(["ts", "offset"], "DELTA_BINARY_PACKED")
    assert chosen["use_dictionary"] == ["tag", "quality", "value"]


@pytest.mark.parametrize("said", [{}, {"page_version": "v1"}])
def test_other_pages_are_written_as_pyiceberg_does(said: dict[str, str]) -> None:
    assert not {"data_page_version", "use_dictionary", "column_encoding"} & {*options(ROWS, **said)}


def test_a_table_without_numbers_and_one_without_rows_have_options() -> None:
    assert options(ROWS.select(["tag"]), page_version="v2")["column_encoding"] == {}
    assert options(ROWS.slice(0, 0), page_version="v2")["data_page_version"] == "2.0"


def test_lists_and_structs_keep_their_dictionaries() -> None:
    causes = pa.array([["stuck", "drift"], ["gap"]] * 4000)
    place = pa.array([{"line": 1, "site": "north"}] * 8000)
    chosen = options(ROWS.append_column("causes", causes).append_column("place", place), page_version="v2")
    assert chosen["use_dictionary"] == ["tag", "quality", "value", "causes.list.element", "place.line", "place.site"]
