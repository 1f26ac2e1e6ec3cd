from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyiceberg.schema import promote
from pyiceberg.table.metadata import TableMetadata, new_table_metadata
from pyiceberg.types import DecimalType, PrimitiveType

from headrace.environment.apply.diff import changes, widens
from headrace.environment.apply.unsafe import kept, refusals
from headrace.project import yaml_file
from headrace.project.table import TYPES, Table

BEFORE = """\
description: What it holds.
grain: one row per thing
columns:
  tag: {type: string, doc: Its name, required: true}
  ts: {type: timestamptz, doc: When}
  count: {type: int, doc: How many}
partition: [day(ts)]
sort: [tag]
retention: 30d
"""


def table(folder: Path, text: str) -> Table:
    (folder / "a.b.yaml").write_text(text)
    return yaml_file.load(folder / "a.b.yaml", Table)


def stored(described: Table) -> TableMetadata:
    """Return the metadata of a table that was created from `described`."""
    return new_table_metadata(
        described.iceberg_schema(),
        described.partition_spec(),
        described.sort_order(),
        "file:///nowhere",
        {"format-version": "2", **described.all_properties},
    )


def steps(folder: Path, old: str, new: str) -> list[tuple[str, str]]:
    before = stored(table(folder, BEFORE))
    assert old in BEFORE
    after = table(folder, BEFORE.replace(old, new))
    assert not list(refusals(after, before, folder / "a.b.yaml"))
    return [(step.kind, step.target) for step in changes(after, before)]


def refused(folder: Path, old: str, new: str) -> list[tuple[int, str, str]]:
    before = stored(table(folder, BEFORE))
    assert old in BEFORE
    after = table(folder, BEFORE.replace(old, new))
    problems = refusals(after, before, folder / "a.b.yaml")
    return [(getattr(p.where, "line", 0), p.what, p.fix or "") for p in problems]


def test_a_table_that_matches_its_file_needs_no_change(tmp_path: Path) -> None:
    assert steps(tmp_path, "", "") == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("partition:", "  host: {type: string, doc: Where}\npartition:", ("add column", "host")),
        ("type: int", "type: long", ("widen", "count")),
        (", required: true", "", ("make optional", "tag")),
        ("doc: When", "doc: When, unit: UTC", ("describe", "ts")),
        ("[day(ts)]", "[hour(ts)]", ("partition", "hour(ts)")),
        ("[tag]", "[tag, ts desc]", ("sort", "tag, ts desc")),
        ("sort: [tag]", "", ("sort", "none")),
        ("30d", "31d", ("property", "headrace.retention")),
        ("retention: 30d", "", ("property", "headrace.retention")),
        ("retention: 30d", "retention: 30d\nproperties: {a: b}", ("property", "a")),
    ],
)
def test_a_safe_change_is_one_step(tmp_path: Path, old: str, new: str, expected: tuple[str, str]) -> None:
    assert steps(tmp_path, old, new) == [expected]


def test_a_property_that_others_set_is_left_alone(tmp_path: Path) -> None:
    described = table(tmp_path, BEFORE)
    before = stored(described.model_copy(update={"properties": {"schema.name-mapping.default": "[]"}}))
    assert list(changes(described, before)) == []


@pytest.mark.parametrize(
    ("edit", "line", "what", "fix"),
    [
        (
            ("  count: {type: int, doc: How many}\n", "  host: {type: string, doc: Where}\n"),
            3,
            "column 'count' of the catalog is missing here",
            "restore 'count', int",
        ),
        (("  count:", "  number:"), 6, "'number' seems to be the catalog's 'count' renamed", "keep 'count'"),
        (("type: int", "type: string"), 6, "column 'count' is int in the catalog", "write type: int"),
        (("type: int", "type: double"), 6, "column 'count' is int in the catalog", "write type: int"),
        (("How many}", "How many, required: true}"), 6, "stored rows may be null there", "refuse nulls in the job"),
        (
            ("partition:", "  host: {type: string, doc: Where, required: true}\npartition:"),
            7,
            "new column 'host' is required",
            "leave 'required' out",
        ),
        (
            ("  ts:", "  host: {type: string, doc: Where}\n  ts:"),
            5,
            "column 'host' is where the catalog has 'ts'",
            "new columns come last",
        ),
        (("partition:", "key: [tag]\npartition:"), 7, "the key is none in the catalog", "restore the key"),
    ],
)
def test_an_unsafe_change_is_refused_at_its_line_with_a_fix(
    tmp_path: Path, edit: tuple[str, str], line: int, what: str, fix: str
) -> None:
    [(place, message, advice)] = refused(tmp_path, *edit)
    assert (place, what in message, fix in advice) == (line, True, True), (message, advice)


def test_an_optional_column_after_all_others_stays_when_the_file_lacks_it(tmp_path: Path) -> None:
    before = stored(table(tmp_path, BEFORE))
    reverted = table(tmp_path, BEFORE.replace("  count: {type: int, doc: How many}\n", ""))
    assert kept(reverted, before) == ["count"]
    assert not list(refusals(reverted, before, tmp_path / "a.b.yaml"))
    assert not list(changes(reverted, before))
    assert kept(table(tmp_path, BEFORE), before) == []


@pytest.mark.parametrize("old", ["  ts: {type: timestamptz, doc: When}\n", "  count: {type: int, doc: How many}\n"])
def test_a_retired_column_stays_wherever_it_is_and_a_new_table_lacks_it(tmp_path: Path, old: str) -> None:
    gone = "  score: {type: double, doc: How odd}\n"
    before = stored(table(tmp_path, BEFORE.replace(old, old + gone)))
    new = BEFORE.replace("partition:", "  host: {type: string, doc: Where}\nretired: [score, older]\npartition:")
    now = table(tmp_path, new)
    assert kept(now, before) == ["score"]
    assert not list(refusals(now, before, tmp_path / "a.b.yaml"))
    assert [(step.kind, step.target) for step in changes(now, before)] == [("add column", "host")]
    assert "score" not in now.iceberg_schema().column_names


def test_a_retired_column_that_every_row_must_have_is_refused(tmp_path: Path) -> None:
    before = stored(table(tmp_path, BEFORE))
    now = table(
        tmp_path,
        BEFORE.replace("  tag: {type: string, doc: Its name, required: true}\n", "").replace(
            "sort: [tag]", "retired: [tag]"
        ),
    )
    assert kept(now, before) == []
    [problem] = refusals(now, before, tmp_path / "a.b.yaml")
    assert "column 'tag' of the catalog is missing here" in problem.what


@pytest.mark.parametrize(
    ("after", "column"),
    [
        ("  ts: {type: timestamptz, doc: When}\n", "  host: {type: string, doc: Where}\n"),
        ("  count: {type: int, doc: How many}\n", "  host: {type: string, doc: Where, required: true}\n"),
    ],
)
def test_a_required_column_or_one_between_others_does_not_stay(tmp_path: Path, after: str, column: str) -> None:
    before, now = stored(table(tmp_path, BEFORE.replace(after, after + column))), table(tmp_path, BEFORE)
    assert kept(now, before) == []
    assert [problem.what for problem in refusals(now, before, tmp_path / "a.b.yaml")]


def test_all_refused_changes_are_reported_at_once(tmp_path: Path) -> None:
    new = "  count: {type: string, doc: How many}\n  host: {type: string, doc: Where, required: true}\n"
    assert len(refused(tmp_path, "  count: {type: int, doc: How many}\n", new)) == 2


types = st.one_of(
    st.sampled_from(list(TYPES.values())),
    st.integers(1, 38).flatmap(lambda p: st.builds(DecimalType, st.just(p), st.integers(0, p))),
)


@given(types, types)
def test_what_widens_is_what_iceberg_promotes(old: PrimitiveType, new: PrimitiveType) -> None:
    if widens(old, new):
        assert promote(old, new) == new
        assert not widens(new, old)


@given(types)
def test_no_type_widens_to_itself(kind: PrimitiveType) -> None:
    assert not widens(kind, kind)
