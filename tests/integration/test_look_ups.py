"""A table that is loaded from a file is looked up by a running job, which sees a change within the stated refresh."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from headrace.environment import iceberg, kafka_messages
from headrace.environment.apply import table_changes
from headrace.environment.kafka_topics import TopicLayout, create
from headrace.errors import UserError
from headrace.project import message_file
from headrace.project.paths import Project
from headrace.upkeep.load import Loaded, load
from support.worlds.live_plant import Plant, plant, until

REFRESH = timedelta(seconds=2)
JOB = "security/seen_v1"
FILES = {
    "_sources/events.yaml": """\
description: Events of a firewall
topic: {topic}
key: host
fields:
  host: {{type: string, required: true}}
  ip: {{type: long}}
time: {{path: ts, unit: epoch_ms}}
""",
    "_tables/security.address_blocks.yaml": """\
description: Networks
grain: one row per network
columns:
  first_ip: {{type: long, required: true, doc: First address}}
  last_ip: {{type: long, required: true, doc: Last address}}
  label: {{type: string, doc: What it is}}
key: [first_ip, last_ip]
""",
    "_tables/security.owners.yaml": """\
description: Owners of hosts, with the time for which each was valid
grain: one row per host and time
columns:
  host: {{type: string, required: true, doc: The host}}
  valid_from: {{type: timestamptz, required: true, doc: Its beginning}}
  valid_to: {{type: timestamptz, doc: Its end}}
  owner: {{type: string, doc: Who owned it}}
key: [host, valid_from]
""",
    "_tables/security.seen.yaml": """\
description: Events with their networks and owners
grain: one row per event
columns:
  include: [position]
  host: {{type: string, required: true, doc: The host}}
  ts: {{type: timestamptz, required: true, doc: When}}
  ip: {{type: long, doc: The address}}
  label: {{type: string, doc: The network}}
  owner: {{type: string, doc: Who owned the host then}}
""",
    f"{JOB}/job.yaml": """\
kind: job
name: security/seen_v1
owner: tests
description: Events with their networks and owners
grain: one row per event
reads: [source/events, {{table/security.address_blocks: {{refresh: 2s}}}}, {{table/security.owners: {{refresh: 2s}}}}]
writes: {{table/security.seen: append}}
keeps_every_record: true
""",
    f"{JOB}/security.seen.sql.j2": """\
with events as (select * from {{{{ source('events') }}}}),
owned as (
    select *
    from {{{{ within(
        'events', table('security.owners'), at='ts', low='valid_from', high='valid_to', take='owner', by='host'
    ) }}}}
)
select host, ts, ip, label, owner, {{{{ src() }}}}
from {{{{ within(
    'owned', table('security.address_blocks'), at='ip', low='first_ip', high='last_ip', take='label', closed=true
) }}}}
""",
}


@pytest.fixture(scope="module")
def world(platform: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    with plant(platform, tmp_path_factory.mktemp("plant")) as shared:
        topic = f"{shared.topic}.events"
        for name, text in FILES.items():
            path = shared.project.sql / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.format(topic=topic))
        create(shared.settings.kafka_client(), topic, TopicLayout(2))
        table_changes.apply(shared.project, shared.settings)
        yield shared


def rows(world: Plant, folder: Path, table: str, text: str, *, replace: bool = False, dry_run: bool = False) -> Loaded:
    file = folder / "rows.csv"
    file.write_text(text)
    return load(world.project, world.settings, table, file, replace=replace, dry_run=dry_run)


def counts(loaded: Loaded) -> tuple[int, int, int, int]:
    return loaded.added, loaded.changed, loaded.removed, loaded.unchanged


def send(world: Plant, folder: Path, events: list[tuple[str, int | None, int]]) -> None:
    file = folder / "events.jsonl"
    file.write_text("".join(json.dumps({"host": host, "ip": ip, "ts": ts}) + "\n" for host, ip, ts in events))
    client = world.settings.kafka_client()
    kafka_messages.send(client, f"{world.topic}.events", message_file.read(file, "host"))


def test_a_load_adds_changes_and_removes_rows_or_writes_nothing(world: Plant, tmp_path: Path) -> None:
    table = "security.owners"
    first = "host,valid_from,owner\na,2024-01-01T00:00:00Z,x\nb,2024-01-01T00:00:00Z,y\n"
    assert counts(rows(world, tmp_path, table, first, dry_run=True)) == (2, 0, 0, 0)
    assert world.query(f"select count(*) from {table}") == [(0,)]
    assert counts(rows(world, tmp_path, table, first)) == (2, 0, 0, 0)
    before = iceberg.load_table(iceberg.connect(world.settings), table).current_snapshot()
    assert not rows(world, tmp_path, table, first).written
    with pytest.raises(UserError, match=r"rows\.csv:3: column valid_from"):
        rows(world, tmp_path, table, "host,valid_from\nc,2024-01-01T00:00:00Z\nd,today\n")
    with pytest.raises(UserError, match="no rows"):
        rows(world, tmp_path, table, "host,valid_from\n", replace=True)
    assert iceberg.load_table(iceberg.connect(world.settings), table).current_snapshot() == before
    # Columns that a file does not have keep their values.
    ended = "host,valid_from,valid_to\na,2024-01-01T00:00:00Z,2024-06-01T00:00:00Z\n"
    assert counts(rows(world, tmp_path, table, ended)) == (0, 1, 0, 1)
    assert world.query(f"select owner from {table} where host = 'a' and valid_to is not null") == [("x",)]
    assert counts(rows(world, tmp_path, table, first, replace=True)) == (0, 1, 0, 1)
    assert counts(rows(world, tmp_path, table, "host,valid_from\nc,2024-01-01T00:00:00Z\n", replace=True)) == (
        1,
        0,
        2,
        0,
    )
    with pytest.raises(UserError, match="is written by security/seen_v1"):
        rows(world, tmp_path, "security.seen", first)


def test_a_running_job_sees_a_change_within_the_refresh(world: Plant, tmp_path: Path) -> None:
    rows(world, tmp_path, "security.address_blocks", "first_ip,last_ip,label\n0,20,wide\n5,6,narrow\n", replace=True)
    owners = (
        "host,valid_from,valid_to,owner\na,2023-01-01T00:00:00Z,2024-01-01T00:00:00Z,old\na,2024-01-01T00:00:00Z,,new\n"
    )
    rows(world, tmp_path, "security.owners", owners, replace=True)
    year = 1_704_067_200_000
    send(world, tmp_path, [("a", 5, year), ("a", 20, year - 1), ("b", None, year), ("a", 21, year)])
    world.submit(JOB)
    until(lambda: stored(world) == [(4,)], 60, lambda: str(world.query("select * from security.seen")))
    assert world.query("select ip, label, owner from security.seen order by ip") == [
        (5, "narrow", "new"),
        (20, "wide", "old"),
        (21, None, "new"),
        (None, None, None),
    ]

    rows(world, tmp_path, "security.address_blocks", "first_ip,last_ip,label\n5,6,other\n30,30,one\n")
    sent = 0

    def changed() -> bool:
        nonlocal sent
        sent += 1
        send(world, tmp_path, [("a", 5, year + sent), ("a", 30, year + sent)])
        until(lambda: stored(world) == [(4 + 2 * sent,)], 60)
        newest = f"select label from security.seen where epoch_ms(ts) = {year + sent} order by ip"
        return world.query(newest) == [("other",), ("one",)]

    # Half a minute on a loaded machine: less than the minute of a table without a refresh of its own.
    until(changed, REFRESH.total_seconds() + 8)
    # What was written before has not changed.
    assert world.query(f"select label from security.seen where ip = 5 and epoch_ms(ts) = {year}") == [("narrow",)]


def stored(world: Plant) -> list[tuple[int]]:
    return world.query("select count(*) from security.seen")
