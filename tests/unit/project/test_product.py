"""What breaks the readers of a data product, and what does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from headrace.errors import UserError
from headrace.project import table_files, yaml_file
from headrace.project.paths import Project
from headrace.project.product_changes import breaking
from headrace.project.table import Table

TABLE = """\
description: d
grain: g
columns:
  tag: {type: string, required: true, doc: d}
  ts: {type: timestamptz, required: true, doc: d}
  count: {type: int, doc: d, unit: "1"}
  price: {type: "decimal(9, 2)", doc: d}
  value: {type: double, doc: d, unit: degC}
identity: [tag, ts]
key: [tag]
product: {version: 1, contact: us, freshness: 15m, completeness: 0.99}
"""


def table(folder: Path, *edits: tuple[str, str]) -> Table:
    text = TABLE
    for was, now in edits:
        assert was in text
        text = text.replace(was, now)
    file = folder / "table.yaml"
    file.write_text(text)
    return yaml_file.load(file, Table)


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ('  count: {type: int, doc: d, unit: "1"}\n', "", "the column count is gone"),
        ("value: {type: double", "value: {type: long", "the column value was double and is long"),
        ("decimal(9, 2)", "decimal(9, 3)", "the column price was decimal(9, 2) and is decimal(9, 3)"),
        ("decimal(9, 2)", "decimal(8, 2)", "the column price was decimal(9, 2) and is decimal(8, 2)"),
        ("ts: {type: timestamptz, required: true", "ts: {type: timestamptz", "the column ts can be null now"),
        ("unit: degC", "unit: K", "the column value was in degC and is in K"),
        (", unit: degC", "", "the column value was in degC and is in no unit"),
        ("key: [tag]\n", "", "its key was tag and is nothing"),
        ("identity: [tag, ts]", "identity: [tag]", "a row was identified by tag, ts, and is by tag"),
        ("15m", "20m", "its freshness was 15m and is 20m"),
        ("0.99", "0.9", "its completeness was 0.99 and is 0.9"),
        (
            "product: {version: 1, contact: us, freshness: 15m, completeness: 0.99}\n",
            "",
            "it is no longer a product, and was not deprecated",
        ),
    ],
)
def test_what_readers_rely_on_is_not_changed(was: str, now: str, said: str, tmp_path: Path) -> None:
    assert [*breaking(table(tmp_path), table(tmp_path, (was, now)))] == [said]


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ("type: int", "type: long"),
        ("decimal(9, 2)", "decimal(12, 2)"),
        ("  value:", "  more: {type: string, doc: d}\n  value:"),
        ("value: {type: double, doc: d", "value: {type: double, required: true, doc: e"),
        ("15m", "10m"),
        ("0.99", "0.999"),
        ("description: d", "description: e"),
        ("completeness: 0.99}", "completeness: 0.99, deprecated: {since: 2026-01-01, use: a.b}}"),
    ],
)
def test_what_readers_can_ignore_breaks_nothing(was: str, now: str, tmp_path: Path) -> None:
    assert [*breaking(table(tmp_path), table(tmp_path, (was, now)))] == []


def test_a_deprecated_product_may_go(tmp_path: Path) -> None:
    old = table(tmp_path, ("completeness: 0.99}", "completeness: 0.99, deprecated: {since: 2026-01-01, use: a.b}}"))
    assert [*breaking(old, None)] == []
    assert [*breaking(table(tmp_path), None)] == ["it is no longer a product, and was not deprecated"]


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ("freshness: 15m", "freshness: 15m, time: tag", "'tag' must be a column with type timestamptz"),
        ("freshness: 15m", "freshness: 15m, time: at", "'at' must be a column with type timestamptz"),
        ("version: 1", "version: 0", "greater than or equal to 1"),
        ("0.99", "99", "less than or equal to 1"),
        ("contact: us", "contact: ''", "at least 1 character"),
    ],
)
def test_a_product_that_cannot_be_is_refused(was: str, now: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=said):
        table(tmp_path, (was, now))


@pytest.mark.parametrize("use", ["a.old", "a.plain", "a.unknown"])
def test_a_deprecated_product_names_another_product(use: str, tmp_path: Path) -> None:
    folder = tmp_path / "sql" / "_tables"
    folder.mkdir(parents=True)
    gone = f"completeness: 0.99, deprecated: {{since: 2026-01-01, use: {use}}}}}"
    (folder / "a.old.yaml").write_text(TABLE.replace("completeness: 0.99}", gone))
    (folder / "a.new.yaml").write_text(TABLE)
    (folder / "a.plain.yaml").write_text(TABLE.split("product:", maxsplit=1)[0])
    with pytest.raises(UserError, match=f"a.old.yaml:.*'{use}' is not another product"):
        table_files.load_all(Project(tmp_path, tmp_path))
    (folder / "a.old.yaml").write_text(TABLE.replace("completeness: 0.99}", gone.replace(use, "a.new")))
    assert table_files.load_all(Project(tmp_path, tmp_path)).keys() == {"a.new", "a.old", "a.plain"}
