"""A table that gets the rows of a replay is like the job's own, is written by nobody else, and goes by a command."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow as pa
import pytest
from pyiceberg.catalog import Catalog
from pyiceberg.schema import Schema
from pyiceberg.table.sorting import UNSORTED_SORT_ORDER
from pyiceberg.types import DoubleType, LongType, NestedField

from headrace.environment import iceberg, settings
from headrace.environment.apply import table_changes
from headrace.environment.apply.diff import partition_of, sort_of
from headrace.environment.settings import Settings
from headrace.errors import UserError
from headrace.operations.replay import branches, left
from headrace.operations.replay.other_tables import OtherTable
from headrace.project.paths import Project
from support import ROOT

READINGS, TWIN, DEAD, OTHER = "historian.readings", "historian.twin", "historian.dead_letters", "again.readings"
BRANCH = "again_readings"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    for each in ("sql", "catalogs"):
        shutil.copytree(ROOT / each, tmp_path / each)
    return Project(tmp_path, tmp_path / ".headrace")


@pytest.fixture
def known(project: Project) -> Settings:
    found = settings.load(project, "local")
    table_changes.apply(project, found, [READINGS, TWIN, DEAD])
    return found


@pytest.fixture
def catalog(known: Settings) -> Catalog:
    return iceberg.connect(known)


def append(catalog: Catalog, name: str, rows: int) -> None:
    table = iceberg.load_table(catalog, name)
    values = {
        "binary": b"x",
        "boolean": True,
        "string": "x",
        "long": 1,
        "int": 1,
        "double": 0.5,
        "float": 0.5,
        "timestamptz": 0,
    }
    schema = table.schema().as_arrow()
    row = {field.name: values[str(table.schema().find_field(field.name).field_type)] for field in schema}
    table.append(pa.Table.from_pylist([row] * rows, schema=schema))


@pytest.mark.parametrize("own", [READINGS, TWIN])
def test_the_table_is_made_like_the_own_one(catalog: Catalog, project: Project, own: str) -> None:
    with iceberg.load_table(catalog, own).transaction() as transaction:
        transaction.set_properties({"write.parquet.row-group-limit": "7", "write.data.path": "file:///elsewhere"})
    other = OtherTable(OTHER, own)
    other.require_free(project, catalog)
    other.take(catalog, "job-1", BRANCH)
    made, like = iceberg.load_table(catalog, OTHER), iceberg.load_table(catalog, own)
    assert [(f.name, f.field_type, f.required, f.doc) for f in made.schema().fields] == [
        (f.name, f.field_type, f.required, f.doc) for f in like.schema().fields
    ]
    assert made.schema().identifier_field_names() == like.schema().identifier_field_names()
    assert partition_of(made.metadata) == partition_of(like.metadata)
    assert sort_of(made.metadata) == sort_of(like.metadata)
    added = {name: value for name, value in made.properties.items() if name not in like.properties}
    assert added == {"headrace.replay.id": "job-1", "headrace.replay.branch": BRANCH, "headrace.replay.made": "true"}
    assert {name: made.properties.get(name) for name in like.properties} == {**like.properties, "write.data.path": None}


def test_a_table_that_somebody_else_writes_is_refused(catalog: Catalog, project: Project) -> None:
    for name, by in [
        (READINGS, "written by historian/readings_v1"),
        ("condition.spikes", "written by condition/spikes_v1"),
        ("historian.tags", "written by headrace itself"),
        ("production.machines", "written by people, from files"),
    ]:
        with pytest.raises(UserError, match=by):
            OtherTable(name, READINGS).require_free(project, catalog)


def test_a_table_that_is_not_like_the_own_one_is_refused_with_each_difference(
    catalog: Catalog, project: Project
) -> None:
    own = iceberg.load_table(catalog, READINGS)
    fields = [field for field in own.schema().fields if field.name not in ("tag", "value")]
    odd = [NestedField(90, "value", LongType()), NestedField(91, "more", DoubleType())]
    catalog.create_namespace_if_not_exists("again")
    catalog.create_table(OTHER, Schema(*fields, *odd))
    with pytest.raises(UserError) as raised:
        OtherTable(OTHER, READINGS).require_free(project, catalog)
    assert {problem.where for problem in raised.value.problems} == {OTHER}
    told = [problem.what for problem in raised.value.problems]
    assert "tag is not there, and string required in historian.readings" in told
    assert "value is long, and double in historian.readings" in told
    assert "more is double, and not there in historian.readings" in told
    assert any(what.startswith("its partition is none, and ") for what in told)
    assert any(what.startswith("its sort order is none, and ") for what in told)


def test_columns_in_another_order_are_a_difference(catalog: Catalog, project: Project) -> None:
    own = iceberg.load_table(catalog, READINGS)
    catalog.create_namespace_if_not_exists("again")
    turned = Schema(*reversed(own.schema().fields))
    catalog.create_table(OTHER, turned, partition_spec=own.spec(), sort_order=UNSORTED_SORT_ORDER)
    with pytest.raises(UserError, match=r"its order of columns is .*, and tag,"):
        OtherTable(OTHER, READINGS).require_free(project, catalog)


def test_an_empty_table_that_is_like_it_is_taken_and_given_back_empty(catalog: Catalog, project: Project) -> None:
    own = iceberg.load_table(catalog, READINGS)
    catalog.create_namespace_if_not_exists("again")
    catalog.create_table(OTHER, own.schema(), partition_spec=own.spec(), sort_order=own.sort_order())
    other = OtherTable(OTHER, READINGS)
    other.require_free(project, catalog)
    other.take(catalog, "job-1", BRANCH)
    append(catalog, OTHER, 3)
    other.give_back(catalog, "job-2")
    assert iceberg.row_count(iceberg.load_table(catalog, OTHER)) == 3, "another replay has it"
    other.give_back(catalog, "job-1")
    found = iceberg.load_table(catalog, OTHER)
    assert iceberg.row_count(found) == 0
    assert not [name for name in found.properties if name.startswith("headrace.replay")]
    other.require_free(project, catalog)


def test_a_second_replay_into_the_table_is_refused(catalog: Catalog, project: Project, known: Settings) -> None:
    other = OtherTable(OTHER, READINGS)
    other.require_free(project, catalog)
    other.take(catalog, "job-1", BRANCH)
    other.take(catalog, "job-1", BRANCH)
    with pytest.raises(UserError, match="is written by another replay"):
        other.require_free(project, catalog)
    with pytest.raises(UserError, match="is written by another replay"):
        other.take(catalog, "job-2", BRANCH)
    append(catalog, OTHER, 3)
    with pytest.raises(UserError, match=rf"has 3 rows: they and .* would mix\n.*headrace tables drop {OTHER}"):
        other.take(catalog, "job-2", BRANCH)
    assert left.dropped_tables(known, [OTHER]) == [OTHER]
    other.take(catalog, "job-2", BRANCH)


def test_tables_of_replays_are_listed_and_dropped_with_their_files(
    catalog: Catalog, project: Project, known: Settings
) -> None:
    for name, own in ((OTHER, READINGS), ("again.twin", TWIN)):
        OtherTable(name, own).take(catalog, "job-1", BRANCH)
    append(catalog, DEAD, 1)
    branches.create(catalog, DEAD, BRANCH, "job-1")
    append(catalog, OTHER, 2)
    folder = iceberg.load_table(catalog, OTHER).location().removeprefix("file://")
    assert len([*Path(folder).rglob("*.parquet")]) == 1
    listed = {(each.shown, each.rows) for each in left.listed(project, known, None)}
    assert listed == {(OTHER, 2), ("again.twin", 0), (f'historian."dead_letters@{BRANCH}"', 0)}
    assert [each.table for each in left.listed(project, known, [DEAD])] == [DEAD]
    with pytest.raises(UserError, match="readings: no replay has made such a table"):
        left.dropped_tables(known, [OTHER, READINGS])
    assert left.dropped_tables(known, [OTHER, OTHER]) == [OTHER]
    assert [path for path in Path(folder).rglob("*") if path.is_file()] == []
    assert left.dropped_tables(known, ["again.twin"]) == ["again.twin", f"{DEAD}@{BRANCH}"]
    assert left.listed(project, known, None) == []
    assert [each for each in iceberg.table_names(catalog) if each.startswith("again")] == []


def test_a_branch_of_another_replay_stays_when_a_table_goes(catalog: Catalog, known: Settings) -> None:
    append(catalog, DEAD, 1)
    OtherTable(OTHER, READINGS).take(catalog, "job-1", BRANCH)
    branches.create(catalog, DEAD, BRANCH, "job-2")
    assert left.dropped_tables(known, [OTHER]) == [OTHER]
    assert [each.name for each in branches.of(catalog, [DEAD])] == [BRANCH]


def test_a_branch_begins_empty_and_has_one_writer(catalog: Catalog) -> None:
    branches.create(catalog, TWIN, "day", "job-1")
    assert branches.of(catalog, [TWIN]) == [], "without a snapshot, the first commit makes it"
    append(catalog, TWIN, 2)
    branches.create(catalog, TWIN, "day", "job-1")
    with pytest.raises(UserError, match=f"{TWIN} has a branch 'day'"):
        branches.create(catalog, TWIN, "day", "job-2")
    (found,) = branches.of(catalog, [TWIN])
    assert (found.table, found.rows, found.writer) == (TWIN, 0, "job-1")
    table = iceberg.load_table(catalog, TWIN)
    assert iceberg.row_count(table) == 2
    assert len(table.scan().use_ref("day").to_arrow()) == 0


def test_rows_are_counted_where_others_replace_some(catalog: Catalog, known: Settings) -> None:
    append(catalog, TWIN, 2)
    branches.create(catalog, TWIN, "day", "job-1")
    told = [branches.Branch(TWIN, name, 9, None, replaced=True) for name in ("main", "day")]
    found = branches.counted(known, [*told, branches.Branch(READINGS, "main", 7, None)])
    assert [(each.shown, each.rows) for each in found] == [(TWIN, 2), ('historian."twin@day"', 0), (READINGS, 7)]
