from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.project.table_layout import Partition, Sort

columns = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
partitions = st.one_of(
    columns,
    st.builds("{}({})".format, st.sampled_from(["year", "month", "day", "hour"]), columns),
    st.builds("{}({}, {})".format, st.sampled_from(["bucket", "truncate"]), st.integers(1, 1000), columns),
)


@given(partitions)
def test_a_partition_is_written_as_it_was_read(text: str) -> None:
    assert str(Partition.parse(text)) == text


@given(columns, st.booleans())
def test_a_sort_column_is_written_as_it_was_read(column: str, descending: bool) -> None:
    text = f"{column} desc" if descending else column
    assert str(Sort.parse(text)) == text


@pytest.mark.parametrize(
    ("text", "name"),
    [("tag", "tag"), ("day(ts)", "ts_day"), ("bucket(16, tag)", "tag_bucket_16"), ("truncate(4, tag)", "tag_trunc_4")],
)
def test_a_partition_field_is_named_as_other_engines_name_it(text: str, name: str) -> None:
    assert Partition.parse(text).name == name


@pytest.mark.parametrize(
    "text", ["day(ts", "day ts", "ts)", "week(ts)", "bucket(tag)", "bucket(0, tag)", "day(2, ts)", ""]
)
def test_an_invalid_partition_is_refused_with_the_valid_forms(text: str) -> None:
    with pytest.raises(ValueError, match="is not a valid partition; write column, year"):
        Partition.parse(text)


@pytest.mark.parametrize("text", ["ts descending", "desc(ts)", "", "a b c"])
def test_an_invalid_sort_column_is_refused_with_the_valid_forms(text: str) -> None:
    with pytest.raises(ValueError, match="is not a valid sort column; write column"):
        Sort.parse(text)
