"""`headrace completeness`: what the topic holds, what the tables hold, and what is reported of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from pyiceberg.manifest import DataFile
from pyiceberg.table import FileScanTask
from typer.testing import CliRunner

from headrace.cli import app
from headrace.environment import kafka_records
from headrace.environment.iceberg import connect, load_table
from headrace.errors import CheckFailed, UserError
from headrace.historian.tags import tags
from headrace.operations.lifecycle import status
from headrace.operations.stored_offsets import Partition
from headrace.project.paths import Project
from headrace.upkeep import completeness, reconcile
from headrace.upkeep.completeness import Completeness, appended
from headrace.upkeep.maintain import kept, maintain
from support.worlds.live_plant import JOB, START_MS, Plant, plant, reading

LATENESS = timedelta(seconds=10)


def at(second: int) -> datetime:
    return datetime.fromtimestamp(START_MS / 1000 + second, UTC)


def look(plant: Plant) -> Completeness:
    return completeness.refresh(plant.project, plant.settings)


def reached(result: Completeness) -> dict[Partition, tuple[int, int]]:
    return {(each.src_topic, each.src_partition): (each.next_offset, each.lag) for each in result.partitions}


def store(plant: Plant) -> None:
    """Store what the topic holds in one commit, whatever the time that it takes."""
    plant.finish(plant.commit_at_the_end().submit(bounded=True, parallelism=1))
    reconcile.verdict(plant.account())


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The data files that looks open."""
    paths: list[str] = []

    def task(file: DataFile) -> FileScanTask:
        paths.append(file.file_path)
        return FileScanTask(file)

    monkeypatch.setattr(appended, "FileScanTask", task)
    return paths


def test_data_is_complete_through_a_time_once_everything_sent_is_stored(own_plant: Plant, opened: list[str]) -> None:
    assert look(own_plant) == Completeness([], [])
    own_plant.produce_in_transactions([[reading(n) for n in range(100)], [b"broken", reading(100, "seldom")]])
    store(own_plant)
    balances = own_plant.account()
    assert [(each.good + each.dead, each.no_record, each.end - each.first) for each in balances] == [(51, 2, 53)] * 2
    tags.import_tags(own_plant.settings, pa.Table.from_pylist([{"tag": "never"}]))
    began = datetime.now(UTC)
    result = look(own_plant)
    # 51 records and two markers of transactions in each partition.
    assert reached(result) == {(own_plant.topic, 0): (51 + 1, 0), (own_plant.topic, 1): (51 + 1, 0)}
    assert result.through
    assert began <= result.through + LATENESS <= datetime.now(UTC)
    assert {each.tag: (each.readings, each.first_ts, each.last_ts) for each in result.tags} == {
        "R80711.wind_speed": (100, at(0), at(99)),
        "never": (0, None, None),
        "seldom": (1, at(100), at(100)),
    }
    assert [each.tag for each in result.silent] == ["R80711.wind_speed", "never"]

    own_plant.produce(reading(n) for n in range(200, 300))
    opened.clear()
    behind = look(own_plant)
    assert opened == []
    assert [each.lag for each in behind.partitions] == [51, 51]
    # What is complete stays so, and is longer ago with each look.
    assert behind.through == result.through
    assert [each.tag for each in behind.silent] == ["R80711.wind_speed", "never"]
    (late,) = completeness.overdue(own_plant.project, own_plant.settings, behind.partitions, timedelta(0))
    assert late.what.startswith(f"{JOB} is complete through ")
    assert "2 of its 2 partitions" in late.what

    store(own_plant)
    for report in maintain(own_plant.project, own_plant.settings, ["historian.readings"]):
        assert report.rewritten
    caught_up = look(own_plant)
    # Once for partitions, once for tags, and not the file that maintenance made of it.
    assert (len(opened), len(set(opened))) == (2, 1)
    assert [each.lag for each in caught_up.partitions] == [0, 0]
    assert {each.tag: each.readings for each in caught_up.tags}["R80711.wind_speed"] == 200
    assert completeness.last(own_plant.settings) == caught_up
    last = completeness.last(own_plant.settings)
    survey = status.survey(own_plant.project, own_plant.settings, [JOB], lambda: last.through_of)
    assert [job.complete_through for job in survey.jobs] == [caught_up.through]


def test_a_record_that_is_in_no_table_holds_completeness_back_until_it_is(own_plant: Plant) -> None:
    own_plant.produce([*(reading(n) for n in range(10)), b"broken", *(reading(n) for n in range(11, 20))])
    store(own_plant)
    dead = load_table(connect(own_plant.settings), "historian.dead_letters")
    rows = dead.scan().to_arrow()
    dead.delete()
    (partition,), (offset,) = rows["src_partition"].to_pylist(), rows["src_offset"].to_pylist()

    for _ in range(2):
        held = look(own_plant)
        assert reached(held) == {
            (own_plant.topic, partition): (offset, 10 - offset),
            (own_plant.topic, 1 - partition): (10, 0),
        }
        (behind,) = [each for each in held.partitions if each.src_partition == partition]
        assert (behind.last_ts, behind.complete_through, held.through) == (None, None, None)
    dead.append(rows)
    assert set(reached(look(own_plant)).values()) == {(10, 0)}


def test_if_the_snapshot_of_the_last_run_has_expired_everything_is_read_and_nothing_is_counted_twice(
    own_plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_plant.produce(reading(n) for n in range(50))
    store(own_plant)
    look(own_plant)
    own_plant.produce(reading(n) for n in range(50, 80))
    store(own_plant)
    monkeypatch.setattr(kept, "RECENT", timedelta(0))
    monkeypatch.setattr(kept, "LATEST", 1)
    list(maintain(own_plant.project, own_plant.settings, ["historian.readings"]))
    result = look(own_plant)
    assert [(each.tag, each.readings, each.last_ts) for each in result.tags] == [("R80711.wind_speed", 80, at(79))]
    assert set(reached(result).values()) == {(40, 0)}


@pytest.fixture(scope="module")
def twenty(platform: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    """A plant that has stored twenty readings."""
    with plant(platform, tmp_path_factory.mktemp("twenty")) as own:
        own.produce(reading(n) for n in range(20))
        store(own)
        yield own


def test_the_command_shows_the_time_of_completeness_and_the_silent_tags(
    twenty: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in twenty.variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("COLUMNS", "160")
    shown = CliRunner().invoke(app, ["completeness"]).stdout
    assert "silent: 1 of 1 tags" in shown
    assert "R80711.wind_speed: since 2023-11-14 22:13:39 UTC; usual interval 0:00:01" in shown
    document = json.loads(CliRunner().invoke(app, ["completeness", "--json"]).stdout)
    assert document["complete_through"][:19].replace("T", " ") >= shown.partition("\ncomplete through ")[2][:19]
    assert [each["silent"] for each in document["tags"]] == [True]
    within = CliRunner().invoke(app, ["completeness", "--within", "15m", "--json"])
    assert within.exit_code == 0, within.output


def test_the_next_record_is_the_first_that_the_topic_still_has(own_plant: Plant) -> None:
    own_plant.produce(reading(n) for n in range(20))
    own_plant.forget(until=4)
    client = own_plant.settings.kafka_client()
    offsets = [kafka_records.next_record(client, own_plant.topic, 0, at) for at in (0, 4, 9, 10, 50)]
    assert offsets == [4, 4, 9, None, None]
    assert kafka_records.records_in(client, own_plant.topic, 0, 0, 7).tolist() == [4, 5, 6]


def test_a_record_without_a_value_is_a_record(own_plant: Plant) -> None:
    own_plant.produce([None, None, b"", b"", *(reading(n) for n in range(4))])
    client = own_plant.settings.kafka_client()
    for partition in range(own_plant.partitions):
        assert kafka_records.next_record(client, own_plant.topic, partition, 0) == 0
        assert kafka_records.records_in(client, own_plant.topic, partition, 0, 4).tolist() == [0, 1, 2, 3]


def test_what_waits_behind_an_open_transaction_is_lag_and_is_not_passed(twenty: Plant) -> None:
    before = look(twenty)
    assert [each.held_by for each in before.partitions] == [None, None]
    opened_at = datetime.now(UTC)
    with twenty.open_transaction(reading(20), partition=0):
        twenty.produce(reading(n) for n in range(21, 31))
        for _ in range(2):
            behind = look(twenty)
            first, second = behind.partitions
            assert (first.next_offset, first.lag, first.hidden) == (10, 6, 6)
            assert first.complete_through == before.partitions[0].complete_through
            assert behind.through
            assert behind.through <= opened_at - LATENESS
            assert first.held_by
            waiting, _, since = first.held_by.removesuffix(" UTC").partition(" since ")
            assert waiting == "6 offsets wait behind an open transaction"
            began = datetime.strptime(since, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
            assert opened_at - timedelta(seconds=1) < began <= datetime.now(UTC)
            # Nothing is in the way of the other partition: its records can be read, and are not stored yet.
            assert (second.lag, second.hidden, second.held_by) == (5, 0, None)
        balances = twenty.account()
        assert [(each.end, each.hidden, each.missing_count) for each in balances] == [(10, 6, 0), (15, 0, 5)]
        assert balances[0].unreadable == first.held_by
    store(twenty)
    after = look(twenty)
    assert [(each.lag, each.hidden, each.held_by) for each in after.partitions] == [(0, 0, None), (0, 0, None)]
    assert twenty.query("select count(*) from historian.readings") == [(31,)]


def test_nothing_of_a_topic_created_again_is_reported_as_complete(own_plant: Plant) -> None:
    own_plant.produce(reading(n) for n in range(10))
    store(own_plant)
    before = look(own_plant)
    own_plant.recreate_topic()
    # It has outgrown the old one.
    own_plant.produce(reading(n) for n in range(30))
    after = look(own_plant)
    assert before.through
    assert after.through is None
    assert reached(after) == {(own_plant.topic, 0): (5, 15), (own_plant.topic, 1): (5, 15)}
    assert {each.topic_id for each in after.partitions} == {each.topic_id for each in before.partitions}
    assert look(own_plant).through is None
    # Its records have the offsets of the rows that are stored, and more.
    with pytest.raises(CheckFailed, match="the topic was deleted and created again"):
        own_plant.account()
    with pytest.raises(UserError, match="the topic was deleted and created again"):
        own_plant.submit()
