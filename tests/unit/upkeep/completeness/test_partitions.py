"""How far partitions are complete: what the broker holds, and what the tables hold of it. The topic is a stand-in."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from pyiceberg.io.pyarrow import schema_to_pyarrow

from headrace.environment import iceberg, kafka, kafka_records, settings
from headrace.environment.apply import table_changes
from headrace.environment.kafka import OffsetRange, TopicState
from headrace.environment.settings import Settings
from headrace.errors import UserError
from headrace.project.paths import Project
from headrace.project.system_tables import COMPLETENESS, DEAD_LETTERS, DEPLOYMENTS, READINGS
from headrace.upkeep.completeness import partitions
from headrace.upkeep.completeness.partitions import Reached, lag_of
from support import ROOT

TOPIC = "plant.readings"
LATENESS = timedelta(seconds=10)
OPENED = datetime(2026, 3, 1, 6, 0, 5, tzinfo=UTC)
MIDNIGHT = datetime(2026, 3, 1, 6, tzinfo=UTC)


@dataclass
class Topic:
    """A topic of one partition: the offsets that hold a record, and where consumers stop reading."""

    records: list[int] = field(default_factory=list)
    end: int = 0
    stable: int | None = None
    id: str = "first"
    leaderless: tuple[int, ...] = ()
    exists: bool = True

    @property
    def readable(self) -> int:
        return self.end if self.stable is None else self.stable

    def state(self, _client: object, name: str) -> TopicState:
        if not self.exists:
            raise UserError(f"the broker has no topic '{name}'")
        hidden = self.end - self.readable
        span = OffsetRange(0, self.readable, hidden, OPENED if hidden else None)
        return TopicState(name, self.id, {} if self.leaderless else {0: span}, self.leaderless)

    def next_record(self, _client: object, _name: str, _partition: int, first: int) -> int | None:
        readable = [offset for offset in self.records if offset < self.readable]
        at = bisect_left(readable, first)
        return readable[at] if at < len(readable) else None


@dataclass
class World:
    project: Project
    settings: Settings
    topic: Topic

    def send(self, count: int) -> None:
        """Send ordinary records, which nobody has to wait for."""
        self.topic.records += range(self.topic.end, self.topic.end + count)
        self.topic.end += count

    def store(self, *offsets: int) -> None:
        """Store a reading of each offset, measured so many seconds after midnight."""
        table = iceberg.load_table(iceberg.connect(self.settings), READINGS)
        rows = [
            {"tag": "a", "ts": MIDNIGHT + timedelta(seconds=each), "quality": 0, "src_topic": TOPIC,
             "src_partition": 0, "src_offset": each, "src_index": 0}
            for each in offsets
        ]  # fmt: skip
        table.append(pa.Table.from_pylist(rows, schema_to_pyarrow(table.schema(), include_field_ids=False)))

    def look(self) -> Reached:
        (row,) = partitions.refresh(self.project, self.settings)
        assert [row] == partitions.last(iceberg.connect(self.settings))
        return row

    def drop_readings(self) -> None:
        iceberg.connect(self.settings).drop_table(READINGS)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    project = Project(ROOT, tmp_path)
    known = settings.load(project, "local")
    # The address is nobody's: the broker is not asked.
    known = known.model_copy(update={"kafka": {"bootstrap.servers": "127.0.0.1:1"}})
    table_changes.apply(project, known, [READINGS, DEAD_LETTERS, COMPLETENESS, DEPLOYMENTS])
    topic = Topic()
    monkeypatch.setattr(kafka, "topic_state", topic.state)
    monkeypatch.setattr(kafka_records, "next_record", topic.next_record)
    return World(project, known, topic)


def test_while_a_transaction_is_open_completeness_stays_and_says_so(world: World) -> None:
    world.send(10)
    world.store(*range(10))
    before = world.look()
    assert (before.lag, before.held_by) == (0, None)
    assert before.complete_through
    # A transaction writes offset 10, and five ordinary records come after it.
    world.send(6)
    world.topic.stable = 10
    first, second = world.look(), world.look()
    assert first.complete_through == second.complete_through == before.complete_through
    assert (first.next_offset, first.lag, first.hidden) == (10, 6, 6)
    assert first.held_by == "6 offsets wait behind an open transaction since 2026-03-01 06:00:05 UTC"
    assert second.looked_at > first.looked_at
    # It is committed, which leaves a marker.
    world.topic.end, world.topic.stable = 17, None
    committed = world.look()
    assert (committed.lag, committed.hidden, committed.held_by) == (7, 0, None)
    assert committed.complete_through == before.complete_through
    world.store(*range(10, 16))
    after = world.look()
    assert (after.next_offset, after.lag) == (16, 0)
    assert after.complete_through
    assert after.complete_through > before.complete_through


def test_a_record_that_has_just_come_takes_nothing_back_that_was_complete(world: World) -> None:
    world.send(2)
    world.store(0, 1)
    before = world.look()
    assert before.lag == 0
    world.send(1)
    assert world.look().complete_through == before.complete_through
    world.store(2)
    after = world.look()
    assert before.complete_through
    assert after.complete_through
    assert after.complete_through > before.complete_through


def test_an_aborted_transaction_is_no_lag(world: World) -> None:
    world.send(3)
    world.store(0, 1, 2)
    world.topic.end, world.topic.stable = 6, 3
    assert world.look().lag == 3
    world.topic.end, world.topic.stable = 7, None
    after = world.look()
    assert (after.lag, after.hidden, after.held_by) == (0, 0, None)


def test_records_that_can_be_read_and_records_that_cannot_both_count_as_lag(world: World) -> None:
    world.send(8)
    world.store(0, 1)
    world.topic.end = 20
    world.topic.stable = 8
    row = world.look()
    assert (row.next_offset, row.lag, row.hidden, row.caught_up) == (2, 18, 12, False)
    assert row.complete_through == MIDNIGHT + timedelta(seconds=1) - LATENESS
    world.store(*range(2, 8))
    row = world.look()
    assert (row.next_offset, row.lag, row.hidden, row.caught_up) == (8, 12, 12, True)
    assert row.complete_through == MIDNIGHT + timedelta(seconds=7) - LATENESS


@pytest.mark.parametrize(
    ("at", "span", "record", "lag"),
    [
        (5, OffsetRange(0, 5), None, 0),
        (5, OffsetRange(0, 7), None, 0),
        (5, OffsetRange(0, 7), 6, 2),
        (5, OffsetRange(0, 5, 4), None, 4),
        (5, OffsetRange(0, 7, 4), None, 4),
        (5, OffsetRange(0, 7, 4), 5, 6),
        (5, OffsetRange(0, 7, 4), 8, 4),
        (9, OffsetRange(1, 5, 2), None, 6),
    ],
)
def test_lag_counts_to_the_end_of_what_the_broker_holds(
    at: int, span: OffsetRange, record: int | None, lag: int
) -> None:
    assert lag_of(at, span, lambda _at: record) == lag


def test_a_partition_without_a_leader_stays_where_it_was(world: World) -> None:
    world.send(4)
    world.store(0, 1)
    before = world.look()
    world.store(2, 3)
    world.topic.leaderless = (0,)
    held = world.look()
    assert held == replace(before, looked_at=held.looked_at, held_by=held.held_by)
    assert held.held_by == "partition 0 has no leader: nobody can read or write there"
    # The rows that were stored meanwhile are not forgotten.
    world.topic.leaderless = ()
    after = world.look()
    assert (after.next_offset, after.lag, after.held_by) == (4, 0, None)


def test_nothing_is_known_of_a_partition_that_never_had_a_leader(world: World) -> None:
    world.send(1)
    world.store(0)
    world.topic.leaderless = (0,)
    row = world.look()
    assert (row.complete_through, row.held_by) == (None, kafka.no_leader([0]))


def test_a_topic_that_was_deleted_makes_its_partitions_unknown_and_keeps_their_offsets(world: World) -> None:
    world.send(2)
    world.store(0, 1)
    before = world.look()
    world.topic.exists = False
    row = world.look()
    assert (row.next_offset, row.complete_through) == (before.next_offset, None)
    assert row.held_by == "the broker has no topic 'plant.readings'"


def test_a_topic_that_was_created_again_is_reported_by_its_id(world: World) -> None:
    world.send(2)
    world.store(0, 1)
    world.look()
    world.topic.id = "second"
    row = world.look()
    assert (row.next_offset, row.lag, row.complete_through, row.topic_id) == (2, 2, None, "first")
    assert row.held_by
    assert row.held_by.startswith("the topic was deleted and created again since historian/readings_v1 read it")


def test_rows_of_a_table_that_was_dropped_do_not_count(world: World) -> None:
    world.send(4)
    world.store(0, 1, 2, 3)
    assert world.look().lag == 0
    world.drop_readings()
    # The table's name alone was known: its rows are gone, so nothing is complete.
    gone = partitions.refresh(world.project, world.settings)
    assert gone == []
    table_changes.apply(world.project, world.settings, [READINGS])
    world.store(0, 1)
    row = world.look()
    assert (row.next_offset, row.lag) == (2, 2)


def test_rows_of_a_table_that_was_dropped_and_created_again_between_two_looks_do_not_count(world: World) -> None:
    world.send(4)
    world.store(0, 1, 2, 3)
    assert world.look().lag == 0
    world.drop_readings()
    table_changes.apply(world.project, world.settings, [READINGS])
    world.store(0, 1)
    row = world.look()
    assert (row.next_offset, row.lag, row.last_ts) == (2, 2, MIDNIGHT + timedelta(seconds=1))
    world.store(2, 3)
    assert world.look().lag == 0


def test_rows_that_a_rollback_of_the_table_removed_do_not_count(world: World) -> None:
    world.send(4)
    world.store(0, 1)
    table = iceberg.load_table(iceberg.connect(world.settings), READINGS)
    kept = table.metadata.current_snapshot_id
    world.store(2, 3)
    assert world.look().lag == 0
    table = iceberg.load_table(iceberg.connect(world.settings), READINGS)
    assert kept
    with table.manage_snapshots() as snapshots:
        snapshots.rollback_to_snapshot(kept)
    row = world.look()
    assert (row.next_offset, row.lag) == (2, 2)
