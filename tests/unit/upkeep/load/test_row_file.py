"""Rows of CSV, JSON lines and Parquet files: typed strictly, every fault at its line."""

from __future__ import annotations

import csv
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headrace.errors import UserError
from headrace.project import yaml_file
from headrace.project.table import Defaults, Table
from headrace.upkeep.load import row_file

TABLE = """\
description: Shifts
grain: one row per shift
columns:
  id: {type: long, required: true, doc: d}
  name: {type: string, doc: d}
  share: {type: double, doc: d}
  rough: {type: float, doc: d}
  few: {type: int, doc: d}
  night: {type: boolean, doc: d}
  price: {type: "decimal(6, 2)", doc: d}
  day: {type: date, doc: d}
  starts_at: {type: timestamptz, doc: d}
  badge: {type: binary, doc: d}
key: [id]
"""
NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
FULL = {"id": 1, "name": "early", "share": 0.5, "rough": 0.25, "few": 2, "night": False,
        "price": Decimal("12.50"), "day": date(2024, 1, 1), "starts_at": NOON, "badge": b"\x00\xff"}  # fmt: skip

rows_of = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.integers(-(2**63), 2**63 - 1),
            "name": st.none() | st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1),
            "share": st.none() | st.floats(allow_nan=False, allow_infinity=False),
            "few": st.none() | st.integers(-(2**31), 2**31 - 1),
            "night": st.none() | st.booleans(),
            "price": st.none() | st.decimals(-9999, 9999, places=2),
            "starts_at": st.none() | st.datetimes(timezones=st.just(UTC)),
        }
    ),
    max_size=5,
    unique_by=lambda row: row["id"],
)


@pytest.fixture
def table(tmp_path: Path) -> Table:
    path = tmp_path / "plant.shifts.yaml"
    path.write_text(TABLE)
    return yaml_file.load(path, Table, Defaults())


def written(path: Path, rows: list[dict[str, Any]]) -> Path:
    """Write the rows as the suffix of the path says."""
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row, default=_text) + "\n" for row in rows))
    else:
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, [*rows[0]])
            writer.writeheader()
            writer.writerows({name: _text(value) for name, value in row.items()} for row in rows)
    return path


def _text(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return "AP8=" if isinstance(value, bytes) else "" if value is None else str(value)


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_every_type_is_read_from_every_kind_of_file(tmp_path: Path, table: Table, suffix: str) -> None:
    read = row_file.read(written(tmp_path / f"rows.{suffix}", [FULL]), table)
    assert read.rows == [FULL]
    assert read.columns == tuple(FULL)


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(rows=rows_of)
def test_rows_are_read_as_they_were_written(
    tmp_path: Path, table: Table, suffix: str, rows: list[dict[str, Any]]
) -> None:
    if rows:
        assert row_file.read(written(tmp_path / f"rows.{suffix}", rows), table).rows == rows


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("id", [True, 1.0, "1", 2**63, None]),
        ("name", [1, True, ["a"], "\ud800"]),
        ("rough", [1e39, True, "1"]),
        ("share", [True, "1", float("inf"), float("nan")]),
        ("few", [2**31, 0.5, "x"]),
        ("night", [1, "true"]),
        ("price", ["12.345", 12345.5, "x", "NaN", True, "1_0", " 1", "\u0661"]),
        ("day", ["2024-01-01T00:00:00Z", "today", 1]),
        ("starts_at", ["2024-01-01T00:00:00", "noon", 1, "2024-01-01T00:00:00.1234567Z"]),
        ("badge", ["%", 1]),
    ],
)
def test_a_value_that_would_have_to_be_guessed_is_refused(
    tmp_path: Path, table: Table, column: str, values: list[Any]
) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps({"id": n, column: value}) + "\n" for n, value in enumerate(values)))
    with pytest.raises(UserError) as raised:
        row_file.read(file, table)
    assert [(str(each.where).rsplit(":", 1)[1], f"column {column}" in each.what) for each in raised.value.problems] == [
        (str(line), True) for line in range(1, len(values) + 1)
    ]


def test_all_faults_of_a_csv_file_are_reported_at_their_lines(tmp_path: Path, table: Table) -> None:
    file = tmp_path / "rows.csv"
    file.write_text('id,nme,night\n1,"two\nlines",yes\nx,,\n,,\n2,a,b,c\n1,a,true\n\n9223372036854775808,,TRUE\n')
    with pytest.raises(UserError) as raised:
        row_file.read(file, table)
    found = [(int(str(each.where).rsplit(":", 1)[1]), each.what) for each in raised.value.problems]
    assert [line for line, _ in found] == [1, 2, 4, 5, 6, 7, 9]
    assert "no column 'nme'" in found[0][1]
    assert "'yes' is not a valid boolean" in found[1][1]
    assert "required" in found[3][1]
    assert "4 cells" in found[4][1]
    assert "the key id 1 is already at line 2" in found[5][1]


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("rows.txt", b"", "rows are read from"),
        ("rows.csv", b"id,id\n1,1\n", "there twice"),
        ("rows.csv", b"id\n" + b"1\n" * 9_000 + b"\xff\n", r"rows\.csv:9002: not UTF-8"),
        ("rows.csv", b"id;name\n1;a\n", "separated by ';'"),
        ("rows.csv", b"id\tname\n1\ta\n", "separated by a tab"),
        ("rows.csv", b"id,,name\n1,,a\n", "column 2 has no name"),
        ("rows.csv", b"id,,\n1,,\n", "several columns have no name"),
        ("rows.csv", b"id,share\n1,1_000\n", "'1_000' is not a valid double"),
        ("rows.csv", b"id,share\n1, 1.5\n", "' 1.5' is not a valid double"),
        ("rows.csv", b"id,name\n1\n", "1 cell, and the first line has 2"),
        ("rows.jsonl", b'{"id": 1, "id": 2}\n', "a key is there twice"),
        ("rows.jsonl", b"[1]\n", "not a JSON object"),
        ("rows.jsonl", b"[" * 100_000 + b"\n", "not JSON"),
        ("rows.parquet", b"PAR1", "not a Parquet file"),
    ],
)
def test_a_file_that_cannot_be_read_is_explained(
    tmp_path: Path, table: Table, name: str, content: bytes, what: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=what):
        row_file.read(tmp_path / name, table)


def test_a_file_with_very_many_faults_is_not_reported_in_full(tmp_path: Path, table: Table) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("id\n" + "x\n" * 5_000)
    with pytest.raises(UserError, match="and 4,000 more faults") as raised:
        row_file.read(file, table)
    assert len(raised.value.problems) == row_file.MOST_REPORTED + 1


@pytest.mark.parametrize("content", ['id,name\nx,a\n2,"b"c\n3,d\n', 'id,name\nx,a\n2,"b\n3,d\n'])
def test_a_fault_of_quotes_has_its_line_and_does_not_hide_faults_before(
    tmp_path: Path, table: Table, content: str
) -> None:
    (tmp_path / "rows.csv").write_text(content)
    with pytest.raises(UserError) as raised:
        row_file.read(tmp_path / "rows.csv", table)
    assert [(str(each.where).rsplit(":", 1)[1], each.what[:12]) for each in raised.value.problems] == [
        ("2", "column id: '"),
        ("3", "not CSV from"),
    ]


@pytest.mark.parametrize("name", ["rows.csv", "ROWS.CSV", "rows.jsonl"])
def test_a_file_of_windows_is_read(tmp_path: Path, table: Table, name: str) -> None:
    lines = ['{"id": 1}', '{"id": 2}'] if name.endswith("jsonl") else ["id", "1", "2"]
    (tmp_path / name).write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode())
    assert row_file.read(tmp_path / name, table).rows == [{"id": 1}, {"id": 2}]


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("starts_at", pa.array([2**62, 0], pa.timestamp("us", "UTC"))),
        ("starts_at", pa.array([1, 1_000], pa.timestamp("ns", "UTC"))),
        ("starts_at", pa.array([0, None], pa.timestamp("us", "Mars/Base"))),
        ("day", pa.array([2**30, 0], pa.date32())),
    ],
)
def test_times_that_python_cannot_hold_are_faults_of_their_row(
    tmp_path: Path, table: Table, column: str, values: pa.Array
) -> None:
    pq.write_table(pa.table({"id": [1, 2], column: values}), tmp_path / "rows.parquet")
    with pytest.raises(UserError) as raised:
        row_file.read(tmp_path / "rows.parquet", table)
    (problem,) = raised.value.problems
    assert f"column {column}" in problem.what
    assert str(problem.where).endswith("rows.parquet:1")


def test_a_parquet_column_that_is_there_twice_is_refused(tmp_path: Path, table: Table) -> None:
    pq.write_table(pa.table([pa.array([1]), pa.array([2])], names=["id", "id"]), tmp_path / "rows.parquet")
    with pytest.raises(UserError, match="'id' is there twice"):
        row_file.read(tmp_path / "rows.parquet", table)


def test_a_float_is_read_as_the_table_keeps_it(tmp_path: Path, table: Table) -> None:
    (tmp_path / "rows.csv").write_text("id,rough\n1,20.1\n")
    (row,) = row_file.read(tmp_path / "rows.csv", table).rows
    assert row["rough"] == pa.scalar(20.1, pa.float32()).as_py()
