from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.errors import UserError
from headrace.historian.tags import tag_file
from headrace.historian.tags.tags import merged

SCHEMA = pa.schema(
    [
        pa.field("tag", pa.large_string(), nullable=False),
        ("unit", pa.large_string()),
        ("range_low", pa.float64()),
    ]
)

names = st.sampled_from(["a", "b", "c", "d"])
units = st.none() | st.sampled_from(["bar", "K"])
numbers = st.none() | st.floats(-10, 10)
held = st.dictionaries(names, st.tuples(units, numbers))


def table(rows: dict[str, tuple[str | None, float | None]]) -> pa.Table:
    values = [{"tag": tag, "unit": unit, "range_low": low} for tag, (unit, low) in sorted(rows.items())]
    return pa.Table.from_pylist(values, schema=SCHEMA)


def rows(result: pa.Table) -> dict[str, tuple[str | None, float | None]]:
    assert result.schema == SCHEMA
    assert result["tag"].to_pylist() == sorted(set(result["tag"].to_pylist()))
    return {row["tag"]: (row["unit"], row["range_low"]) for row in result.to_pylist()}


@given(held, st.dictionaries(names, units))
def test_a_list_of_units_leaves_ranges_as_they_are(
    tags: dict[str, tuple[str | None, float | None]], news: dict[str, str | None]
) -> None:
    listed = pa.table({"tag": list(news), "unit": list(news.values())}, pa.schema([SCHEMA.field(0), SCHEMA.field(1)]))
    expected = tags | {tag: (unit, tags.get(tag, (None, None))[1]) for tag, unit in news.items()}
    assert rows(merged(table(tags), listed)) == expected


@given(held, st.dictionaries(names, numbers))
def test_a_list_of_ranges_leaves_units_as_they_are(
    tags: dict[str, tuple[str | None, float | None]], news: dict[str, float | None]
) -> None:
    schema = pa.schema([("tag", pa.string()), ("range_low", pa.float64())])
    learned = pa.table({"tag": list(news), "range_low": list(news.values())}, schema)
    expected = tags | {tag: (tags.get(tag, (None, None))[0], low) for tag, low in news.items()}
    assert rows(merged(table(tags), learned)) == expected


def read(folder: Path, text: str) -> pa.Table:
    path = folder / "tags.csv"
    path.write_bytes(text.encode())
    return tag_file.read(path)


def problems(folder: Path, text: str) -> list[tuple[int, str]]:
    with pytest.raises(UserError) as caught:
        read(folder, text)
    return [(getattr(problem.where, "line", 0), problem.what) for problem in caught.value.problems]


def test_a_csv_file_gives_its_columns_and_null_for_an_empty_cell(tmp_path: Path) -> None:
    result = read(tmp_path, "\ufefftag,unit,low_limit\r\na,°C,-1.5\r\nb,,\r\n")
    assert result.column_names == ["tag", "unit", "low_limit"]
    assert result.to_pylist() == [
        {"tag": "a", "unit": "°C", "low_limit": -1.5},
        {"tag": "b", "unit": None, "low_limit": None},
    ]


def test_every_invalid_row_of_a_csv_file_is_reported_at_its_line(tmp_path: Path) -> None:
    result = problems(
        tmp_path,
        "tag,low_limit,high_limit,interpolation\n"
        "a,1,2,steps\n"
        "b,3,2,step\n"
        '"c\nc",nan,x,step\n'
        ",1,2,linear\n"
        "b,1,2,linear\n",
    )
    assert [line for line, _ in result] == [2, 3, 5, 5, 6, 7]
    assert problems(tmp_path, "tag,range_low,range_high\na,1,1\n") == [(2, "range_low 1 is not below range_high 1")]
    assert result[1][1] == "low_limit 3 is not below high_limit 2"
    assert result[4][1] == "there is no tag"
    assert result[5][1].startswith("tag 'b' is already at")


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("tag,units\na,b\n", 1, "unknown column 'units'"),
        ("unit\nbar\n", 1, "there is no column 'tag'"),
        ("tag,tag\na,b\n", 1, "column 'tag' appears twice"),
        ("", 1, "there is no column 'tag'"),
        ("tag,unit\na\n", 2, "the number of cells differs from the first line"),
        ("tag,unit\na,b,c\n", 2, "the number of cells differs from the first line"),
        ('tag,unit\na,"b\n', 2, "not CSV"),
    ],
)
def test_an_invalid_list_of_tags_is_reported_with_the_line(tmp_path: Path, text: str, line: int, what: str) -> None:
    [(found_line, found_what)] = problems(tmp_path, text)
    assert (found_line, what in found_what) == (line, True), found_what


def test_a_file_that_cannot_be_read_is_reported(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read: No such file"):
        tag_file.read(tmp_path / "none.csv")
    (tmp_path / "latin.csv").write_bytes(b"tag,unit\na,\xb0C\n")
    with pytest.raises(UserError, match="not UTF-8 text"):
        tag_file.read(tmp_path / "latin.csv")
