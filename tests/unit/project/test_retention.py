"""`retention:` of a table's file."""

from __future__ import annotations

from pathlib import Path

import pytest

from headrace.errors import UserError
from headrace.project import yaml_file
from headrace.project.retention import DEFAULT, Retention
from headrace.project.table import Table

BEGIN = """\
description: What it holds.
grain: one row per thing
columns:
  tag: {type: string, doc: Its name}
  ts: {type: timestamptz, doc: When, unit: UTC}
partition: [day(ts)]
"""


def read(tmp_path: Path, text: str) -> Table:
    path = tmp_path / "a.b.yaml"
    path.write_text(text)
    return yaml_file.load(path, Table)


def problem(tmp_path: Path, text: str) -> tuple[int, str]:
    with pytest.raises(UserError) as caught:
        read(tmp_path, text)
    (found,) = caught.value.problems
    return getattr(found.where, "line", 0), f"{found.what}; {found.fix}"


def test_days_alone_are_for_all_tags(tmp_path: Path) -> None:
    table = read(tmp_path, BEGIN + "retention: 90d\n")
    assert table.retention
    assert (table.retention.default, table.retention.names) == ("90d", [DEFAULT])
    assert table.all_properties["headrace.retention"] == "90d"


CLASSES = """\
retention:
  default: 400d
  classes:
    - {tags: "*.vibration*", keep: 90d}
    - {tags: "P1.*", keep: 800d}
"""


def test_the_first_class_that_matches_a_tag_counts(tmp_path: Path) -> None:
    retention = read(tmp_path, BEGIN + CLASSES).retention
    assert retention
    tags = ["P1.vibration_x", "P1.flow", "P2.flow", None]
    assert [retention.class_of(tag) for tag in tags] == ["*.vibration*", "P1.*", DEFAULT, DEFAULT]
    assert [retention.keep(name).days for name in retention.names] == [90, 800, 400]
    assert Retention.parse(retention.text) == retention
    assert str(retention) == "400d, 90d for *.vibration*, 800d for P1.*"


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("retention: 3 weeks\n", 7, "'3 weeks' is not a valid number of days; write one like 90d"),
        ("retention: {default: 4}\n", 7, "retention.default"),
        ("retention: {classes: []}\n", 7, "key 'retention.default' is required"),
        (CLASSES.replace("90d", "'90'"), 10, "'90' is not a valid number of days; write one like 90d"),
        (CLASSES.replace("keep: 90d", "kept: 90d, keep: 1d"), 10, "unknown key 'retention.classes.0.kept'"),
        (CLASSES.replace("P1.*", "*.Vibration*"), 9, "matches no tag that '*.vibration*' does not; remove it"),
        (CLASSES.replace("*.vibration*", "*"), 9, "'P1.*' matches no tag that '*' does not; remove it"),
    ],
)
def test_faults_are_reported_at_their_line(tmp_path: Path, text: str, line: int, what: str) -> None:
    found, message = problem(tmp_path, BEGIN + text)
    assert (found, what in message) == (line, True), message


def test_rows_are_deleted_by_time_and_class(tmp_path: Path) -> None:
    line, what = problem(tmp_path, BEGIN.replace("partition: [day(ts)]", "partition: [tag]") + "retention: 90d\n")
    assert (line, "add partition: [day(...)]" in what) == (7, True)
    line, what = problem(tmp_path, BEGIN.replace("  tag:", "  name:") + CLASSES)
    assert (line, "the table has no column 'tag' of texts; keep default alone" in what) == (7, True)
