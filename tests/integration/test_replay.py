"""A span of a topic is replayed into a branch: readers see nothing of it, and the job goes on as if it had not been."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from headrace.environment import iceberg, kafka, kafka_messages
from headrace.errors import UserError
from headrace.operations import replay
from headrace.operations.replay import branches
from headrace.project import message_file
from headrace.upkeep import reconcile
from support.worlds.live_plant import JOB, Plant

TABLES = ["historian.readings", "historian.dead_letters"]
START = 1_704_067_200_000
HOUR = 3_600_000
BAD = 3


def at(hour: float) -> datetime:
    return datetime.fromtimestamp((START + hour * HOUR) / 1000, UTC)


def send(plant: Plant, folder: Path, hours: range) -> None:
    """Send a reading for each minute, whose record has the same time, and a message without a tag each eighth hour."""
    lines = []
    for minute in range(hours.start * 60, hours.stop * 60):
        ts = START + minute * 60_000
        value = {"tag": f"t{minute % 4}", "ts": ts, "value": float(minute), "q": 192}
        if minute % 480 == 0:
            del value["tag"]
        time = datetime.fromtimestamp(ts / 1000, UTC).isoformat()
        lines.append(json.dumps({"$message": {"key": f"t{minute % 4}", "value": value, "time": time}}))
    file = folder / "readings.jsonl"
    file.write_text("\n".join(lines))
    kafka_messages.send(plant.settings.kafka_client(), plant.topic, message_file.read(file))


def test_a_span_is_replayed_into_a_branch_that_readers_do_not_see(own_plant: Plant, tmp_path: Path) -> None:
    plant = own_plant
    send(plant, tmp_path, range(24))
    # Also while the tables have no snapshot yet.
    first = replay.run(replay.prepare(plant.project, plant.settings, JOB, (at(0), at(1)), "first"))
    assert {each.table: each.rows for each in first.branches} == {TABLES[0]: 59, TABLES[1]: 1}
    assert plant.query("select count(*) from historian.readings") == [(0,)]
    job = plant.submit(bounded=True)
    plant.finish(job)
    before = plant.query("select count(*), sum(value) from historian.readings")
    dead = plant.query("select count(*) from historian.dead_letters")
    assert (before[0][0], dead) == (24 * 60 - BAD, [(BAD,)])

    planned = replay.prepare(plant.project, plant.settings, JOB, (at(6), at(18)), "replay_day")
    assert planned.records == 12 * 60
    seen: list[int] = []
    done = replay.run(planned, seen.append)
    rows = {each.table: each.rows for each in done.branches}
    assert rows == {"historian.readings": 12 * 60 - 2, "historian.dead_letters": 2}
    assert seen

    # Readers of the tables see nothing of it, and those of the branch nothing else.
    assert plant.query("select count(*), sum(value) from historian.readings") == before
    assert plant.query("select count(*) from historian.dead_letters") == dead
    branch = 'historian."readings@replay_day"'
    assert plant.query(f"select count(*), min(value), max(value) from {branch}") == [(12 * 60 - 2, 360, 18 * 60 - 1)]
    in_both = f"select count(*) from {branch} as b join historian.readings as r using (src_partition, src_offset)"
    assert plant.query(in_both) == [(12 * 60 - 2,)]

    # A second one would mix with it; the job itself goes on where it was, and its account is whole.
    with pytest.raises(UserError, match="would mix"):
        replay.prepare(plant.project, plant.settings, JOB, (at(0), None), "replay_day")
    send(plant, tmp_path, range(24, 25))
    job = plant.submit(bounded=True)
    plant.finish(job)
    assert all(balance.holds for balance in reconcile.reconcile(plant.project, plant.settings, JOB))

    assert branches.dropped(plant.project, plant.settings, None, "replay_day") == sorted(TABLES)
    assert {each.name for each in branches.listed(plant.project, plant.settings, None)} == {"first"}
    with pytest.raises(UserError, match="no table has a branch"):
        branches.dropped(plant.project, plant.settings, None, "replay_day")


def test_what_cannot_be_replayed_is_refused_before_anything_is_made(own_plant: Plant, tmp_path: Path) -> None:
    plant = own_plant
    send(plant, tmp_path, range(2))
    client = plant.settings.kafka_client()
    ends = {p: span.end for p, span in kafka.offset_ranges(client, plant.topic).items()}
    assert kafka.offsets_at(client, plant.topic, at(0)) == dict.fromkeys(ends, 0)
    # The mark that ends a transaction has a time, too.
    after = kafka.offsets_at(client, plant.topic, at(9))
    assert all(offset is None or offset >= ends[partition] - 1 for partition, offset in after.items())
    for span, branch, what in [
        ((at(5), at(6)), "later", "no record"),
        ((at(0), at(1)), "main", "main is what readers see"),
        ((at(0), at(1)), "Not-this", "not a valid name"),
    ]:
        with pytest.raises(UserError, match=what):
            replay.prepare(plant.project, plant.settings, JOB, span, branch)
    for table in TABLES:
        assert set(iceberg.load_table(iceberg.connect(plant.settings), table).metadata.refs) <= {"main"}
