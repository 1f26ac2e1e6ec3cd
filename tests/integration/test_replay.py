"""A span of a topic is replayed into a branch or a table: readers see nothing of it, and the job goes on as before.

The commands are those of docs/operations.md, with what it says of them.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from headrace.cli import app
from headrace.environment import iceberg, kafka, kafka_messages
from headrace.errors import UserError
from headrace.operations import replay
from headrace.operations.replay import left
from headrace.project import message_file
from headrace.project.paths import Project
from headrace.upkeep import reconcile
from support import ROOT, cli_commands
from support.worlds.live_plant import JOB, Plant, plant

PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
READINGS, DEAD = TABLES = ["historian.readings", "historian.dead_letters"]
OTHER = "again.readings_0313"
BRANCH = 'historian."readings@replay_0313"'
# The page replays the 13th of March; hour 0 is noon of the day before.
START = 1_773_316_800_000
HOUR = 3_600_000
DAY = range(12, 36)
DAYS = 48
BAD_EACH = 480
"""Minutes from one message without a tag to the next."""
RECORDS, BAD = 60 * len(DAY), 3
OFFSETS = RECORDS + 2
"""With the marks that end the transaction of the day before, one in each partition."""


def at(hour: float) -> datetime:
    return datetime.fromtimestamp((START + hour * HOUR) / 1000, UTC)


def send(plant: Plant, folder: Path, hours: range) -> None:
    """Send a reading for each minute, whose record has the same time, and a message without a tag each eighth hour."""
    lines = []
    for minute in range(hours.start * 60, hours.stop * 60):
        ts = START + minute * 60_000
        value = {"tag": f"t{minute % 4}", "ts": ts, "value": float(minute), "q": 192}
        if minute % BAD_EACH == 0:
            del value["tag"]
        time = datetime.fromtimestamp(ts / 1000, UTC).isoformat()
        lines.append(json.dumps({"$message": {"key": f"t{minute % 4}", "value": value, "time": time}}))
    file = folder / "readings.jsonl"
    file.write_text("\n".join(lines))
    kafka_messages.send(plant.settings.kafka_client(), plant.topic, message_file.read(file))


def commands() -> list[str]:
    """Return the commands of the page's section."""
    section = PAGE[PAGE.index("## Replays\n") : PAGE.index("## Topics\n")]
    blocks = re.findall(r"^```sh\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    lines = "".join(blocks).replace("\\\n", "").splitlines()
    return [line.removeprefix("./run headrace ") for line in lines]


def headrace(line: str) -> str:
    done = CliRunner().invoke(app, shlex.split(line))
    assert done.exit_code == 0, f"{line}\n{done.output}\n{done.exception}"
    return done.output


@pytest.fixture(scope="module")
def world(platform: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    """A plant whose topic has two days of readings, a transaction for each, which ended long after them."""
    folder = tmp_path_factory.mktemp("replay")
    with plant(platform, folder) as own:
        for hours in (range(DAYS // 2), range(DAYS // 2, DAYS)):
            send(own, folder, hours)
        yield own


def test_what_cannot_be_replayed_is_refused_before_anything_is_made(world: Plant) -> None:
    client = world.settings.kafka_client()
    ends = {p: span.end for p, span in kafka.offset_ranges(client, world.topic).items()}
    assert kafka.offsets_at(client, world.topic, at(0)) == dict.fromkeys(ends, 0)
    # The marks that end transactions have a time, too.
    after = kafka.offsets_at(client, world.topic, at(DAYS / 2 + 1))
    assert any(offset is not None and offset < ends[partition] / 2 + 2 for partition, offset in after.items())
    for span, into, what in [
        (
            (at(DAYS + 1), at(DAYS + 2)),
            "later",
            "no record has a time .* records from 2026-03-12 12:.* to 2026-03-14 11:",
        ),
        ((at(-2), at(-1)), "before", "no record has a time"),
        ((at(0), at(1)), "main", "main is what readers see"),
    ]:
        with pytest.raises(UserError, match=what):
            replay.prepare(world.project, world.settings, JOB, span, into)
    for table in TABLES:
        assert set(iceberg.load_table(iceberg.connect(world.settings), table).metadata.refs) <= {"main"}


def test_a_day_is_replayed_as_the_page_says(world: Plant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**world.variables, "COLUMNS": "160", "HEADRACE_FLINK__CHECKPOINT_INTERVAL_S": "1"}.items():
        monkeypatch.setenv(name, value)
    into_branch, *of_branch, into_table, query, listing, drop, several = commands()
    # The tables have no snapshot yet.
    told = headrace(into_branch)
    assert f"into the branch replay_0313: {OFFSETS:,} records" in told
    assert f"{RECORDS - BAD:,} rows of {BRANCH}" in told
    assert f'{BAD} rows of historian."dead_letters@replay_0313"' in told
    assert _seen(world) == [(0, None), (0, None)]
    world.finish(world.submit(bounded=True))
    before = _seen(world)
    assert before == [(60 * DAYS - 6, before[0][1]), (6, None)]
    (compare,) = re.findall(r"compare +headrace (.*)", told)
    assert headrace(compare).splitlines()[-1] == "0 rows"
    assert f"into the table {OTHER}: {OFFSETS:,} records" in headrace(into_table)
    _exact(world)
    with pytest.raises(UserError, match=rf"{OTHER} has {RECORDS - BAD:,} rows: .*would mix\n.*tables drop {OTHER}"):
        replay.prepare(world.project, world.settings, JOB, (at(0), at(1)), OTHER)
    with pytest.raises(UserError, match=r"replay_0313.*would mix"):
        replay.prepare(world.project, world.settings, JOB, (at(0), None), "replay_0313")
    assert OTHER in headrace(listing)
    assert "t0" in headrace(query)
    for line in of_branch:
        headrace(line)
    assert f"dropped {OTHER}, {DEAD}@again_readings_0313" in headrace(drop)
    cli_commands.parse(shlex.split(several))
    assert _seen(world) == before
    assert left.listed(world.project, world.settings, None) == []

    # The job itself goes on where it was, and its account is whole.
    send(world, tmp_path, range(DAYS, DAYS + 1))
    world.finish(world.submit(bounded=True))
    assert all(balance.holds for balance in reconcile.reconcile(world.project, world.settings, JOB))


def _seen(plant: Plant) -> list[tuple[object, ...]]:
    """Return what readers see of the job's own tables."""
    (dead,) = plant.query("select count(*), null from historian.dead_letters")
    return [*plant.query("select count(*), sum(value) from historian.readings"), dead]


def _exact(plant: Plant) -> None:
    """The table has the rows of the span that the job's own table has, and no others."""
    of_span = f"ts >= timestamptz '{at(DAY.start)}' and ts < timestamptz '{at(DAY.stop)}'"
    own = f"select * exclude (ingested_at) from historian.readings where {of_span}"
    other = f"select * exclude (ingested_at) from {OTHER}"
    assert plant.query(f"select count(*) from ({own})") == [(RECORDS - BAD,)]
    assert plant.query(f"select count(*) from {OTHER}") == [(RECORDS - BAD,)]
    assert plant.query(f"({own} except {other}) union all ({other} except {own})") == []
