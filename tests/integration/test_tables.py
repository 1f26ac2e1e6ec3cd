"""Tables and tags on a real Iceberg catalog of their own: SQLite and files, without Flink."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pyarrow as pa
import pytest
from pyiceberg.exceptions import CommitFailedException

from headrace.environment import iceberg, settings
from headrace.environment.apply import table_changes
from headrace.environment.settings import Settings
from headrace.errors import CheckFailed, PlatformError, UserError
from headrace.historian.tags import tags
from headrace.project import table_files
from headrace.project.paths import Project
from headrace.project.system_tables import READINGS, TAGS
from support import copy_tables

TABLES = ("dead_letters", "readings", "tags")
POSITION_WITH_LONG_PARTITION = """\
src_topic: {type: string, required: true, doc: "Kafka topic it came from"}
  src_partition: {type: long, doc: "Kafka partition it came from"}
  src_offset: {type: long, required: true, doc: "Its offset in that partition"}
  src_index: {type: int, required: true, doc: "Its number in a message of many readings, from 0"}"""
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
_SECONDS = count()


@pytest.fixture
def project(pytestconfig: pytest.Config, tmp_path: Path) -> Project:
    """Three of this project's tables in a folder that a test may change, with a home of its own."""
    copy_tables(tmp_path, *(f"historian.{name}" for name in TABLES))
    shutil.copytree(pytestconfig.rootpath / "catalogs", tmp_path / "catalogs")
    return Project(tmp_path, tmp_path / "home")


@pytest.fixture
def local(project: Project) -> Settings:
    return settings.load(project, "local")


def edit(project: Project, table: str, old: str, new: str) -> None:
    path = table_files.path_of(project, table)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def actions(plans: list[table_changes.TablePlan]) -> dict[str, str]:
    return {each.name.removeprefix("historian."): each.action for each in plans}


def store(local: Settings, project: Project, values: dict[str, list[float]], quality: int = 0, **more: object) -> None:
    """Append readings of `values` (tag to values), each a second after the last one stored, with `more` columns."""
    rows = [
        {"tag": tag, "ts": NOON + timedelta(seconds=next(_SECONDS)), "value": value, "quality": quality}
        | {"src_topic": "t", "src_partition": 0, "src_offset": number, "src_index": 0, **more}
        for tag, several in values.items()
        for number, value in enumerate(several)
    ]
    schema = table_files.load_all(project)["historian.readings"].arrow_schema()
    iceberg.load_table(iceberg.connect(local), READINGS).append(pa.Table.from_pylist(rows, schema))


def test_tables_are_created_and_a_second_apply_writes_nothing(project: Project, local: Settings) -> None:
    assert actions(table_changes.apply(project, local)) == dict.fromkeys(TABLES, "create")
    connected = iceberg.connect(local)
    before = iceberg.load_table(connected, "historian.readings")
    assert str(before.spec().fields[0].transform) == "day"
    assert before.format_version == 2
    assert actions(table_changes.apply(project, local)) == dict.fromkeys(TABLES, "unchanged")
    assert iceberg.load_table(connected, "historian.readings").metadata_location == before.metadata_location


def test_safe_changes_are_one_commit_and_keep_every_stored_row(project: Project, local: Settings) -> None:
    table_changes.apply(project, local)
    store(local, project, {"a": [1.0, 2.0]})
    name = "historian.readings"
    before = iceberg.load_table(iceberg.connect(local), name)
    edit(project, name, "partition: [day(ts)]", 'partition: [hour(ts), "bucket(4, tag)"]')
    edit(project, name, "sort: [tag, ts]", "sort: [ts desc]")
    edit(project, name, "retention: 400d", "")
    edit(project, name, "include: [position]", POSITION_WITH_LONG_PARTITION)
    edit(project, name, "partition: [hour", '  host: {type: string, doc: "Who sent it"}\npartition: [hour')
    assert actions(table_changes.apply(project, local, [name])) == {"readings": "change"}

    after = iceberg.load_table(iceberg.connect(local), name)
    assert len(after.metadata.metadata_log) == len(before.metadata.metadata_log) + 1
    assert [(f.name, str(f.transform)) for f in after.spec().fields] == [
        ("ts_hour", "hour"),
        ("tag_bucket_4", "bucket[4]"),
    ]
    assert "headrace.retention" not in after.properties
    assert actions(table_changes.plan(project, local, [name])) == {"readings": "unchanged"}
    store(local, project, {"b": [3.0]})
    rows = iceberg.load_table(iceberg.connect(local), name).scan().to_arrow().sort_by("value").to_pylist()
    assert [(row["tag"], row["value"], row["src_partition"], row["host"]) for row in rows] == [
        ("a", 1.0, 0, None),
        ("a", 2.0, 0, None),
        ("b", 3.0, 0, None),
    ]


def test_a_partition_that_stays_is_kept_while_another_is_swapped(project: Project, local: Settings) -> None:
    name = "historian.readings"
    table_changes.apply(project, local)
    store(local, project, {"a": [1.0]})
    for old, new in (("[day(ts)]", '[day(ts), "bucket(4, tag)"]'), ("[day(ts),", "[hour(ts),")):
        edit(project, name, f"partition: {old}", f"partition: {new}")
        assert actions(table_changes.apply(project, local, [name])) == {"readings": "change"}
        store(local, project, {"b": [2.0]})
    stored = iceberg.load_table(iceberg.connect(local), name)
    assert {str(f.transform) for f in stored.spec().fields} == {"hour", "bucket[4]"}
    assert stored.scan().count() == 3
    assert actions(table_changes.plan(project, local, [name])) == {"readings": "unchanged"}


def test_no_table_is_changed_if_one_change_is_unsafe(project: Project, local: Settings) -> None:
    table_changes.apply(project, local)
    edit(project, "historian.dead_letters", "retention: 90d", "retention: 91d")
    edit(project, "historian.tags", '{type: double, doc: "Lowest', '{type: long, doc: "Lowest')
    assert actions(table_changes.plan(project, local)) == {
        "dead_letters": "change",
        "readings": "unchanged",
        "tags": "refuse",
    }
    with pytest.raises(CheckFailed, match=r"historian.tags.yaml:\d+:\d+: column 'low_limit' is double"):
        table_changes.apply(project, local)
    stored = iceberg.load_table(iceberg.connect(local), "historian.dead_letters")
    assert stored.properties["headrace.retention"] == "90d"


def test_concurrent_runs_all_end_with_the_tables_described(project: Project, local: Settings) -> None:
    with ThreadPoolExecutor(4) as pool:
        done = [future.result() for future in [pool.submit(table_changes.apply, project, local) for _ in range(4)]]
    for plans in done:
        assert {each.action for each in plans} <= {"create", "unchanged"}
    assert set(actions(table_changes.plan(project, local)).values()) == {"unchanged"}


def test_a_table_whose_files_are_missing_is_reported_without_a_trace(project: Project, local: Settings) -> None:
    table_changes.apply(project, local)
    shutil.rmtree(local.catalog.warehouse.removeprefix("file://"))
    with pytest.raises(PlatformError, match=r"table historian\.\w+ cannot be read"):
        table_changes.plan(project, local)


def test_a_commit_that_was_overtaken_is_tried_again() -> None:
    tried = []

    def overtaken() -> str:
        tried.append(1)
        if len(tried) < 3:
            raise CommitFailedException("branch main has changed")
        return "done"

    assert iceberg.commit("a.b", overtaken) == "done"
    assert len(tried) == 3


def listed(**columns: list[object]) -> pa.Table:
    return pa.table(columns)


def test_a_plants_list_updates_the_tags_and_keeps_the_rest_in_one_commit(project: Project, local: Settings) -> None:
    table_changes.apply(project, local)
    tags.import_tags(local, listed(tag=["a", "b"], range_high=[2.0, 7.0]))
    before = iceberg.load_table(iceberg.connect(local), TAGS)
    done = tags.import_tags(local, listed(tag=["b", "c"], unit=["bar", "K"]))
    assert (done.added, done.updated) == (1, 1)
    after = iceberg.load_table(iceberg.connect(local), TAGS)
    assert len(after.metadata.metadata_log) == len(before.metadata.metadata_log) + 1
    known = [(row["tag"], row["unit"], row["range_high"]) for row in tags.matching(local)]
    assert known == [("a", None, 2.0), ("b", "bar", 7.0), ("c", "K", None)]
    assert [row["tag"] for row in tags.matching(local, "?")] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("asked", "found"), [("[AB]*", ["[ab]1"]), ("[ab]1", ["[ab]1"]), ("a*", ["a1"]), ("~*1", ["*1"]), ("A1", [])]
)
def test_a_pattern_lists_its_tags(project: Project, local: Settings, asked: str, found: list[str]) -> None:
    table_changes.apply(project, local)
    tags.import_tags(local, listed(tag=["[ab]1", "a1", "*1"]))
    assert [row["tag"] for row in tags.matching(local, asked)] == found


def test_scores_and_baselines_of_earlier_versions_stay_readable_and_writable(project: Project, local: Settings) -> None:
    now = {name: table_files.path_of(project, name).read_text() for name in ("historian.readings", TAGS)}
    edit(project, "historian.readings", "  include: [position]", SCORED + "  include: [position]")
    edit(project, "historian.readings", "retired: [score, anomaly]", "")
    edit(project, TAGS, RANGES, BASELINES)
    edit(project, TAGS, "retired: [baseline_median, baseline_mad, baseline_count, baseline_at]", "")
    table_changes.apply(project, local)
    store(local, project, {"a": [1.0]}, score=4.5, anomaly=True)
    tags.upsert(local, listed(tag=["a"], baseline_median=[5.0]))

    before = {name: table_files.path_of(project, name).read_text() for name in now}
    for name, text in now.items():
        table_files.path_of(project, name).write_text(text)
    done = {plan.name: plan for plan in table_changes.apply(project, local)}
    assert (done["historian.readings"].action, done["historian.readings"].kept) == ("unchanged", ("score", "anomaly"))
    assert (done[TAGS].action, len(done[TAGS].kept)) == ("change", 4)
    assert set(actions(table_changes.plan(project, local)).values()) == {"unchanged"}
    store(local, project, {"a": [2.0]})
    tags.import_tags(local, listed(tag=["b"], range_high=[9.0]))
    assert stored_scores(local) == [(1.0, 4.5, True), (2.0, None, None)]
    assert [(row["baseline_median"], row["range_high"]) for row in tags.matching(local)] == [(5.0, None), (None, 9.0)]

    for name, text in before.items():
        table_files.path_of(project, name).write_text(text)
    table_changes.apply(project, local)
    store(local, project, {"a": [3.0]}, score=-1.0, anomaly=False)
    assert stored_scores(local) == [(1.0, 4.5, True), (2.0, None, None), (3.0, -1.0, False)]


SCORED = "  score: {type: double, doc: Its score}\n  anomaly: {type: boolean, doc: Whether it is high}\n"
RANGES = """\
  range_low: {type: double, doc: "Lowest value that its sensor can measure, in the tag's unit"}
  range_high: {type: double, doc: "Highest value that its sensor can measure, in the tag's unit"}
"""
BASELINES = """\
  baseline_median: {type: double, doc: Median}
  baseline_mad: {type: double, doc: MAD}
  baseline_count: {type: long, doc: Readings}
  baseline_at: {type: timestamptz, doc: When}
"""


def stored_scores(local: Settings) -> list[tuple[object, ...]]:
    readings = iceberg.load_table(iceberg.connect(local), "historian.readings").scan().to_arrow().sort_by("value")
    return [(row["value"], row["score"], row["anomaly"]) for row in readings.to_pylist()]


def test_a_wrong_list_changes_nothing(project: Project, local: Settings) -> None:
    table_changes.apply(project, local)
    with pytest.raises(UserError, match="row 2: interpolation: input should be 'step' or 'linear'"):
        tags.import_tags(local, listed(tag=["a", "b"], interpolation=["step", "cubic"]))
    assert tags.matching(local) == []


def test_concurrent_writers_of_tags_lose_nothing(project: Project, local: Settings) -> None:
    table_changes.apply(project, local)
    names = [f"tag{number}" for number in range(6)]
    with ThreadPoolExecutor(3) as pool:
        for future in [pool.submit(tags.import_tags, local, listed(tag=[name], unit=[name])) for name in names]:
            future.result()
    assert [(row["tag"], row["unit"]) for row in tags.matching(local)] == [(name, name) for name in names]


def test_tags_without_tables_report_how_to_create_them(local: Settings) -> None:
    with pytest.raises(PlatformError, match="headrace tables apply"):
        tags.matching(local)
