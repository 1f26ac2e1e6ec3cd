"""Values of test cases: written as text, and read again."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyiceberg.types import TimestamptzType

from headrace.authoring.try_job.run import _new
from headrace.planner.in_process.results import _changes
from headrace.planner.in_process.values import header, read_table, shown, typed
from headrace.project.table import Column

instants = st.datetimes(timezones=st.just(UTC))


@given(instants)
def test_a_time_of_any_year_is_read_as_it_was_written(instant: datetime) -> None:
    assert typed(shown(instant), TimestamptzType()) == instant


@pytest.mark.parametrize(
    ("year", "text"), [(1, "0001-01-01T00:00:00Z"), (999, "0999-01-01T00:00:00Z"), (9999, "9999-01-01T00:00:00Z")]
)
def test_a_year_has_four_digits(year: int, text: str) -> None:
    assert shown(datetime(year, 1, 1, tzinfo=UTC)) == text


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-14:00", "0000-01-01T00:00:00Z"])
def test_a_time_outside_the_calendar_is_reported_as_not_valid(text: str) -> None:
    with pytest.raises(ValueError, match="is not a valid timestamptz"):
        typed(text, TimestamptzType())


def test_lines_of_a_case_end_at_line_breaks_alone_and_a_byte_order_mark_is_skipped(tmp_path: Path) -> None:
    columns = {"name": Column.model_validate({"type": "string", "doc": "d"})}
    lines = tmp_path / "rows.jsonl"
    lines.write_text('\ufeff{"name": "a\u2028b"}\r\n{"name": "c\x85d"}\n', encoding="utf-8")
    assert read_table(lines, columns) == [{"name": "a\u2028b"}, {"name": "c\x85d"}]
    cells = tmp_path / "rows.csv"
    cells.write_text("\ufeffname\na\u2028b\n", encoding="utf-8")
    assert read_table(cells, columns) == [{"name": "a\u2028b"}]
    assert header(lines) == header(cells) == ["name"]
    lines.write_text("")
    assert read_table(lines, columns) == []


def test_rows_that_flink_wrote_end_at_line_breaks_alone(tmp_path: Path) -> None:
    (tmp_path / "part-0").write_text('{"op": "c", "before": null, "after": {"name": "a\u2028b"}}\n', encoding="utf-8")
    assert [change["after"] for change in _changes(tmp_path)] == [{"name": "a\u2028b"}]
    assert [change.row for change in _new("sink", tmp_path, set())] == [{"name": "a\u2028b"}]
