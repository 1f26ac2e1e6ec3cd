"""A tag gets the asset, unit and range that historian.tags has for it; an unknown tag keeps its row."""

from __future__ import annotations

import math

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from headrace_udfs.arrays import by_dictionary
from headrace_udfs.enrich import enrich
from headrace_udfs.tags import TagTable

names = st.text(max_size=3)
known = st.dictionaries(names, st.tuples(st.none() | names, st.none() | names, st.none() | st.floats(-1e9, 1e9)))


def table(rows: dict[str, tuple[str | None, str | None, float | None]]) -> TagTable:
    return TagTable.of(
        pa.table(
            {
                "tag": pa.array(list(rows), pa.large_string()),
                "asset": pa.array([asset for asset, _, _ in rows.values()], pa.large_string()),
                "unit": pa.array([unit for _, unit, _ in rows.values()], pa.string()),
                "range_low": pa.array([low for _, _, low in rows.values()], pa.float64()),
                "range_high": pa.array([low for _, _, low in rows.values()], pa.float64()),
            }
        )
    )


@given(known, st.lists(st.none() | names), st.booleans())
def test_every_row_gets_the_asset_unit_and_range_of_its_tag(
    rows: dict[str, tuple[str | None, str | None, float | None]], tags: list[str | None], encoded: bool
) -> None:
    tags_, column = table(rows), pa.array(tags, pa.string())
    column = column.dictionary_encode() if encoded else column
    asset, unit = enrich(column, tags_)
    nothing = (None, None, None)
    expected = [nothing if tag is None else rows.get(tag, nothing) for tag in tags]
    assert asset.to_pylist() == [a for a, _, _ in expected]
    assert unit.to_pylist() == [u for _, u, _ in expected]
    for limits in tags_.ranges(column):
        assert [None if math.isnan(limit) else limit for limit in limits] == [limit for _, _, limit in expected]


def test_a_slice_of_a_batch_is_looked_up_as_its_rows() -> None:
    tags = table({"a": ("x", None, None), "b": ("y", None, None)})
    column = pa.array(["a", "b", None, "c", "b"]).dictionary_encode().slice(1, 4)
    assert enrich(column, tags)[0].to_pylist() == ["y", None, None, "y"]


def test_without_tags_nothing_is_known() -> None:
    empty = TagTable.empty()
    asset, unit = enrich(pa.array(["a", "b"]), empty)
    assert asset.to_pylist() == unit.to_pylist() == [None, None]
    assert len(empty) == 0


@given(st.lists(names, unique=True), st.data())
def test_texts_follow_a_dictionary_and_are_encoded_without_repetition(keys: list[str], data: st.DataObject) -> None:
    texts = data.draw(st.lists(st.none() | names, min_size=len(keys), max_size=len(keys)))
    indices = data.draw(st.lists(st.none() | st.integers(0, len(keys) - 1) if keys else st.none()))
    column = pa.DictionaryArray.from_arrays(pa.array(indices, pa.int32()), pa.array(keys, pa.string()))
    found = by_dictionary(pa.array(texts, pa.string()), column)
    assert found.to_pylist() == [None if at is None else texts[at] for at in indices]
    distinct = found.dictionary.to_pylist()
    assert None not in distinct
    assert len(set(distinct)) == len(distinct)
