from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from headrace.errors import UserError
from headrace.project import yaml_file
from headrace.project.paths import Project
from headrace.project.table import Table
from headrace.project.table_files import load_all, pick

GOOD = """\
description: What it holds.
grain: one row per thing
columns:
  tag: {type: string, doc: Its name, required: true}
  ts: {type: timestamptz, doc: When, unit: UTC}
  value: {type: double, doc: How much}
"""


def problems(tmp_path: Path, text: str) -> list[tuple[int, str]]:
    """The line of each fault of a table file, the fault and its fix."""
    path = tmp_path / "a.b.yaml"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        yaml_file.load(path, Table)
    return [(getattr(p.where, "line", 0), f"{p.what}; {p.fix}") for p in caught.value.problems]


def table(tmp_path: Path, text: str) -> Table:
    path = tmp_path / "a.b.yaml"
    path.write_text(text)
    return yaml_file.load(path, Table)


def test_every_error_of_a_file_is_reported_at_its_line(tmp_path: Path) -> None:
    errors = problems(
        tmp_path,
        "description: What it holds.\n"
        "grain: one row per thing\n"
        "columns:\n"
        "  tag: {type: strin, doc: Its name}\n"
        "  value: {type: double}\n"
        "  Big: {type: long, doc: Which}\n"
        "retention: 3 weeks\n"
        "properties: {owner: me}\n"
        "sorted: [tag]\n",
    )
    assert [line for line, _ in errors] == [4, 5, 6, 7, 8, 9]
    assert "unknown type 'strin'; did you mean 'string'?" in errors[0][1]
    assert errors[1][1] == "key 'columns.value.doc' is required; add 'doc:'"
    assert "'owner' is set by headrace itself" in errors[4][1]


@pytest.mark.parametrize("key", ["partition", "sort", "identity", "key"])
def test_an_unknown_column_is_reported_at_its_line_with_the_nearest(tmp_path: Path, key: str) -> None:
    [(line, what)] = problems(tmp_path, GOOD + f"{key}:\n  - tag\n  - tagg\n")
    assert line == 9
    assert "unknown column 'tagg'; did you mean 'tag'?" in what


def test_a_transform_that_its_column_cannot_take_is_refused(tmp_path: Path) -> None:
    [(line, what)] = problems(tmp_path, GOOD + "partition: [day(tag)]\n")
    assert (line, "'day(tag)' does not apply to 'tag', which is string" in what) == (7, True)


def test_a_retired_column_is_not_among_the_columns(tmp_path: Path) -> None:
    [(line, what)] = problems(tmp_path, GOOD + "retired: [score, value]\n")
    assert (line, "'value' is still among the columns" in what) == (7, True)


@pytest.mark.parametrize("fields", ["[day(ts), hour(ts)]", "[tag, tag]"])
def test_a_column_can_be_partitioned_only_one_way(tmp_path: Path, fields: str) -> None:
    [(_, what)] = problems(tmp_path, GOOD + f"partition: {fields}\n")
    assert "keep the finer one" in what


@pytest.mark.parametrize("column", ["ts", "value"])
def test_a_key_is_required_and_exact(tmp_path: Path, column: str) -> None:
    [(line, what)] = problems(tmp_path, GOOD + f"key: [{column}]\n")
    assert (line, f"'{column}' must be 'required: true'" in what) == (7, True)


def test_the_schema_keeps_order_docs_with_units_and_the_key(tmp_path: Path) -> None:
    schema = table(tmp_path, GOOD + "key: [tag]\n").iceberg_schema()
    assert [(f.name, str(f.field_type), f.required, f.doc) for f in schema.fields] == [
        ("tag", "string", True, "Its name"),
        ("ts", "timestamptz", False, "When [UTC]"),
        ("value", "double", False, "How much"),
    ]
    assert schema.identifier_field_names() == {"tag"}


def test_the_arrow_schema_has_microseconds_in_utc_and_no_null_in_a_required_column(tmp_path: Path) -> None:
    schema = table(tmp_path, GOOD).arrow_schema()
    assert schema.field("ts").type == pa.timestamp("us", "UTC")
    assert [field.nullable for field in schema] == [False, True, True]


def test_the_other_keys_of_a_file_become_properties_and_its_scalars_text(tmp_path: Path) -> None:
    properties = table(
        tmp_path, GOOD + "partition: [day(ts)]\nretention: 30d\nidentity: [tag, ts]\nproperties: {a: true, b: 100}\n"
    ).all_properties
    assert properties == {
        "comment": "What it holds.",
        "headrace.grain": "one row per thing",
        "headrace.identity": "tag,ts",
        "headrace.retention": "30d",
        "a": "true",
        "b": "100",
    }


def test_a_decimal_has_at_most_38_digits(tmp_path: Path) -> None:
    good, bad = (GOOD.replace("double", f"'decimal({digits}, 2)'") for digits in (38, 39))
    assert str(table(tmp_path, good).columns["value"].type) == "decimal(38, 2)"
    assert "at most 38 digits" in problems(tmp_path, bad)[0][1]


def test_a_file_whose_name_is_not_a_tables_is_reported_with_the_errors_of_the_others(tmp_path: Path) -> None:
    folder = tmp_path / "sql" / "_tables"
    folder.mkdir(parents=True)
    (folder / "readings.yml").write_text(GOOD)
    (folder / "a.b.yaml").write_text("grain: x\n")
    with pytest.raises(UserError) as caught:
        load_all(Project(tmp_path, tmp_path))
    assert {problem.what for problem in caught.value.problems} == {
        "the name of this file is not that of a table",
        "key 'description' is required",
        "key 'columns' is required",
    }


def test_a_table_without_a_file_is_reported_with_the_nearest(tmp_path: Path) -> None:
    folder = tmp_path / "sql" / "_tables"
    folder.mkdir(parents=True)
    (folder / "a.readings.yaml").write_text(GOOD)
    with pytest.raises(UserError, match=r"did you mean 'a.readings'\?"):
        pick(Project(tmp_path, tmp_path), ["a.reading"])


DEFAULTS = """\
columns:
  position:
    src_topic: {type: string, required: true, doc: Its topic}
    src_offset: {type: long, required: true, doc: Its offset}
properties: {a: 1, b: x}
"""


def project_with(tmp_path: Path, **files: str) -> Project:
    """A project whose sql/_tables/ has the files, each named as its table with `__` for the dot."""
    for name, text in {"_defaults": DEFAULTS, **files}.items():
        path = tmp_path / "sql" / "_tables" / f"{name if name == '_defaults' else name.replace('__', '.')}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Project(tmp_path, tmp_path)


def test_included_columns_are_at_the_place_of_the_include(tmp_path: Path) -> None:
    text = GOOD.replace("  ts:", "  include: [position]\n  ts:") + "identity: [src_topic, src_offset]\n"
    described = pick(project_with(tmp_path, a__b=text), ["a.b"])["a.b"]
    assert [(f.field_id, f.name) for f in described.iceberg_schema().fields] == [
        (1, "tag"),
        (2, "src_topic"),
        (3, "src_offset"),
        (4, "ts"),
        (5, "value"),
    ]
    assert described.columns["src_topic"].required


@pytest.mark.parametrize(
    ("include", "what", "fix"),
    [
        ("[positon]", "columns.include: unknown group of columns 'positon'", "did you mean 'position'?"),
        ("position", "columns.include: a list of groups of columns belongs here", "like include: [position]"),
        (
            "[position, position]",
            "columns.include: 'src_topic' of the group 'position' is a column already",
            "keep one",
        ),
    ],
)
def test_an_invalid_include_is_reported_at_its_line(tmp_path: Path, include: str, what: str, fix: str) -> None:
    with pytest.raises(UserError) as caught:
        pick(project_with(tmp_path, a__b=GOOD.replace("  ts:", f"  include: {include}\n  ts:")), ["a.b"])
    (problem,) = caught.value.problems
    assert (problem.what, problem.fix, getattr(problem.where, "line", 0)) == (what, fix, 5)


def test_a_table_has_the_default_properties_that_it_does_not_set_or_leave_out(tmp_path: Path) -> None:
    project = project_with(tmp_path, a__b=GOOD, a__c=GOOD + "properties: {a: null, b: y, c: true}\n")
    properties = {name: described.all_properties for name, described in load_all(project).items()}
    assert {name: {k: v for k, v in of.items() if len(k) == 1} for name, of in properties.items()} == {
        "a.b": {"a": "1", "b": "x"},
        "a.c": {"b": "y", "c": "true"},
    }


def test_a_property_without_a_default_is_not_left_out_by_null(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"a\.b\.yaml:7:\d+: properties: 'c' has no default that null could leave out"):
        pick(project_with(tmp_path, a__b=GOOD + "properties: {c: null}\n"), ["a.b"])


def test_a_fault_in_the_defaults_is_reported_in_their_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"_defaults\.yaml:1:1: unknown key 'colums'"):
        load_all(project_with(tmp_path, _defaults="colums: {}\n", a__b=GOOD))


def test_tables_of_the_system_folder_are_tables_like_the_others(tmp_path: Path) -> None:
    project = project_with(tmp_path, a__b=GOOD)
    system = tmp_path / "sql" / "_tables" / "_system" / "a.c.yaml"
    system.parent.mkdir()
    system.write_text(GOOD)
    assert [*load_all(project)] == [*pick(project, ["a.b", "a.c"])] == ["a.b", "a.c"]
    system.rename(system.with_name("a.b.yaml"))
    with pytest.raises(UserError, match=r"_system/a\.b\.yaml describes this table already"):
        load_all(project)


def test_the_tables_of_this_project_can_be_read(pytestconfig: pytest.Config) -> None:
    tables = load_all(Project(pytestconfig.rootpath, pytestconfig.rootpath))
    assert {"historian.readings", "historian.dead_letters", "historian.tags"} <= set(tables)
    for described in tables.values():
        described.iceberg_schema(), described.partition_spec(), described.sort_order()
