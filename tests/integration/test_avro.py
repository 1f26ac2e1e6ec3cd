"""Jobs that read and write with the schemas of a real registry: nothing is lost, whatever the registry does."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import avro.io
import avro.schema
import pytest
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.schema_registry.protobuf import ProtobufDeserializer
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessages
from google.protobuf.timestamp_pb2 import Timestamp

from headrace.authoring import try_job
from headrace.environment.apply import schema_changes, topic_changes
from headrace.errors import PlatformError, UserError
from headrace.operations import submission
from headrace.planner.in_process.values import shown
from support.services.registry import Registry, framed
from support.services.stack import Stack
from support.worlds import encoded_topics
from support.worlds.avro_plant import READING, in_avro, reading
from support.worlds.live_plant import JOB, START_MS, Plant, Sent, until

ENOUGH = 500
SECOND = {
    **READING,
    "fields": [
        {"name": "site", "type": {"type": "enum", "name": "Site", "symbols": ["NORTH", "SOUTH"]}},
        {"name": "tag", "type": "string"},
        {"name": "ts", "type": {"type": "long", "logicalType": "timestamp-micros"}},
        {"name": "value", "type": ["null", {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}]},
        {"name": "q", "type": "int"},
    ],
}
READINGS = 2 * [(datetime.fromtimestamp(START_MS / 1000 + n, UTC), n % 100 / 4) for n in range(ENOUGH)]
IN_PROTOBUF = """
syntax = "proto3";
message Reading { string tag = 1; int64 ts = 2; optional double value = 3; int32 q = 4; }
"""
OTHER = {"type": "record", "name": "Door", "fields": [{"name": "open", "type": "boolean"}]}


@pytest.fixture
def plant_on(stack: Stack, registry: Registry, tmp_path: Path) -> Iterator[Plant]:
    with stack.plant("sqlite", tmp_path, registry=registry.settings()) as plant:
        yield in_avro(plant)


def second(number: int, n: int) -> bytes:
    cents = (n % 100 * 25).to_bytes(2, "big")
    micros = (START_MS + n * 1000) * 1000
    return framed(number, SECOND, {"site": "NORTH", "tag": "R80711.wind_speed", "ts": micros, "value": cents, "q": 192})


def last_failure(plant: Plant) -> str:
    running = plant.cluster.running(JOB)
    assert running
    return plant.cluster.last_failure(running.id) or ""


def dead(plant: Plant) -> dict[str, int]:
    return dict(plant.query("select code, count(*) from historian.dead_letters group by code"))


def test_every_record_is_stored_or_a_dead_letter_once_the_password_is_right(
    stack: Stack, registry: Registry, tmp_path: Path
) -> None:
    password = tmp_path / "password"
    password.write_text("marked otherwise")
    settings = registry.settings(password=f"${{file:{password}}}")
    with stack.plant("sqlite", tmp_path / "plant", registry=settings) as world:
        plant = in_avro(world)
        plant.submit()  # before there is a message: it has to run first
        plant.produce(_messages(registry))
        until(lambda: f"answered 401 to user plant with password ${{file:{password}}}" in last_failure(plant), 120)
        assert "marked otherwise" not in last_failure(plant)
        assert dead(plant) == {}
        password.write_text(stack.secrets.value("registry_password"))
        assert all(balance.holds for balance in plant.follow())
        rows = plant.query(
            "select count(*), count(distinct ts), sum(value), min(ts) = make_timestamp("
            f"{START_MS * 1000}) from historian.readings"
        )
        assert rows == [(2 * ENOUGH, ENOUGH, 2 * sum(n % 100 / 4 for n in range(ENOUGH)), True)]
        codes = {"no_schema_id": 1, "unknown_schema": 2, "schema_unfit": 1, "not_avro": 2, "null_payload": 1}
        assert dead(plant) == codes


def test_a_topic_with_a_schema_is_read_by_other_clients_as_it_was_written(plant_on: Plant, registry: Registry) -> None:
    plant, (one, two) = plant_on, (registry.register("readings", READING), registry.register("readings", SECOND))
    plant.produce([*(reading(one, n) for n in range(ENOUGH)), *(second(two, n) for n in range(ENOUGH))])
    encoded_topics.write(plant.project.sql, plant.topic)
    topic_changes.apply(plant.project, plant.settings)
    _try_before_the_schemas_are_registered(plant)
    with pytest.raises(UserError, match=r"its schema is not registered under .*alerts-value") as raised:
        plant.submit(encoded_topics.JOB, bounded=True)
    assert len(raised.value.problems) == 2
    subjects = [f"{plant.topic}.{name}-value" for name in ("alerts", "newest")]
    assert schema_changes.apply(plant.project, plant.settings) == subjects
    assert schema_changes.apply(plant.project, plant.settings) == []
    plant.finish(plant.commit_at_the_end().submit(encoded_topics.JOB, bounded=True, parallelism=2))

    client = SchemaRegistryClient(registry.for_confluent())
    _check_alerts(plant.sent(encoded_topics.ALERTS), client, READINGS)
    _check_newest(plant.sent(encoded_topics.NEWEST), client, encoded_topics.newest(READINGS))
    _refuse_what_breaks_consumers(plant, registry)
    _try_protobuf(plant, registry)


def _check_alerts(sent: list[Sent], client: SchemaRegistryClient, readings: list[tuple[datetime, float]]) -> None:
    """Each message has the values of a reading, whoever decodes it."""
    decoded, tag = AvroDeserializer(client), "R80711.wind_speed"
    rows = [decoded(each.value, None) for each in sent]
    wanted = [encoded_topics.alert(tag, at, value) for at, value in readings]
    assert sorted(rows, key=itemgetter("ts")) == sorted(wanted, key=itemgetter("ts"))
    for message, row in zip(sent, rows, strict=True):
        assert message.headers == {"site": "Nördlich".encode(), "wing": b"east", "line": b"17", "quality": b"0"}
        assert message.key == {"tag": tag, "ts": row["ts"].strftime("%Y-%m-%dT%H:%M:%SZ")}
    assert sent[0].value
    schema = avro.schema.parse(client.get_schema(int.from_bytes(sent[0].value[1:5], "big")).schema_str)
    other = avro.io.DatumReader(schema).read(avro.io.BinaryDecoder(io.BytesIO(sent[0].value[5:])))
    assert other == rows[0]


def _check_newest(sent: list[Sent], client: SchemaRegistryClient, wanted: dict[str, dict[str, Any] | None]) -> None:
    """Each class has its row, or a tombstone if its row was deleted; both have headers."""
    assert {message.headers["site"] for message in sent} == {"Nördlich".encode()}
    assert {message.key["class"]: message.value is None for message in sent} == {
        name: row is None for name, row in wanted.items()
    }
    assert len(sent) == len(wanted)  # a deletion only of a row that is gone: each key was sent once, at the end
    written = next(message.value for message in sent if message.value)
    assert written[5:7] == b"\2\2"  # the second message of the file
    text = client.get_schema(int.from_bytes(written[1:5], "big")).schema_str
    decoded = ProtobufDeserializer(_class_of(text, "alerts.Newest"))
    rows = {message.key["class"]: decoded(message.value, None) for message in sent}
    assert {name: row and _fields(row) for name, row in rows.items()} == wanted


def _class_of(text: str, name: str) -> type[Message]:
    """Return the class that protoc makes of a message in the text of a schema."""
    with TemporaryDirectory() as folder:
        (Path(folder) / "schema.proto").write_text(text, encoding="utf-8")
        to = f"{folder}/set"
        command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{folder}", "--include_imports"]
        command += [f"--descriptor_set_out={to}", "schema.proto"]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        found: type[Message] = GetMessages(FileDescriptorSet.FromString(Path(to).read_bytes()).file)[name]
        return found


def _fields(message: Message) -> dict[str, Any]:
    """Return the fields of a message; None for one that is absent, which fields of values are not."""
    row: dict[str, Any] = {}
    for each in message.DESCRIPTOR.fields:
        present = not each.has_presence or message.HasField(each.name)
        value = getattr(message, each.name) if present else None
        if value is not None and each.message_type:
            value = Timestamp.FromString(value.SerializeToString()).ToDatetime(tzinfo=UTC)
        row[each.name] = value
    return row


def _refuse_what_breaks_consumers(plant: Plant, registry: Registry) -> None:
    """A registry that refuses a version, or does not answer, is an error that says what to do; nothing is written."""
    registry.require(f"{plant.topic}.alerts-value", "FULL")
    file = plant.project.sql / "_topics" / f"{encoded_topics.ALERTS}.yaml"
    more = file.read_text().replace("  high: {", '  shift: {type: string, required: true, doc: "d"}\n  high: {')
    file.write_text(more)
    with pytest.raises(UserError, match=r"\.yaml: the registry refuses its schema under .*alerts-value: ") as raised:
        schema_changes.apply(plant.project, plant.settings)
    assert "fix: keep the columns that there are, and add others without `required: true`" in str(raised.value)
    file.write_text(more.replace("  shift: {type: string, required: true", "  shift: {type: string"))
    assert schema_changes.apply(plant.project, plant.settings) == [f"{plant.topic}.alerts-value"]
    registry.status = 503
    try:
        for attempt in (schema_changes.apply, partial(submission.prepare, name=encoded_topics.JOB)):
            with pytest.raises(PlatformError, match=r"the schema registry at https://.* answered 503") as failed:
                attempt(plant.project, plant.settings)
            assert failed.value.problems[0].fix == "check its log (schema_registry: in catalogs/)"
    finally:
        registry.status = None


def _tried(plant: Plant, job: str) -> tuple[list[try_job.Change], try_job.TrialStats]:
    """Return what a trial from the topic's beginning would write, and its statistics."""
    stats = try_job.TrialStats()
    options: dict[str, Any] = {"since": datetime.fromtimestamp(0, UTC), "rows": 10 * ENOUGH, "limit_s": 300}
    return [*try_job.run(plant.project, plant.settings, job, stats=stats, **options)], stats


def _try_before_the_schemas_are_registered(plant: Plant) -> None:
    """A trial reads Avro, and shows what consumers would get of a topic in Avro and of one in Protobuf."""
    changes, stats = _tried(plant, encoded_topics.JOB)
    alerts = [each.row for each in changes if each.sink == f"topic/{encoded_topics.ALERTS}"]
    headers = {"site": "Nördlich", "wing": "east", "line": 17, "quality": 0}
    wanted = [_as_text(encoded_topics.alert("R80711.wind_speed", at, value)) | headers for at, value in READINGS]
    assert sorted(alerts, key=itemgetter("ts")) == sorted(wanted, key=itemgetter("ts"))
    newest = {each.row["class"]: each for each in changes if each.sink == f"topic/{encoded_topics.NEWEST}"}
    assert {name: last.row if last.op == "+" else None for name, last in newest.items()} == {
        name: row and _as_text(row) | {"site": "Nördlich"} for name, row in encoded_topics.newest(READINGS).items()
    }
    assert stats.dead == {}


def _as_text(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with what JSON does not have as text; a decimal zero has no sign."""
    unsigned = {name: each + 0 if isinstance(each, Decimal) else each for name, each in row.items()}
    return {name: each if isinstance(each, int | float | None) else shown(each) for name, each in unsigned.items()}


def _try_protobuf(plant: Plant, registry: Registry) -> None:
    """A trial reads Protobuf. Everything else in the topic, which is Avro, is a dead letter of it."""
    front = b"\0" + registry.register("protobuf", IN_PROTOBUF, kind="PROTOBUF").to_bytes(4, "big") + b"\0"
    made = _class_of(IN_PROTOBUF, "Reading")
    good = [made(tag="R80711.wind_speed", ts=START_MS + n, value=n / 4, q=192) for n in range(3)]
    plant.produce([*(front + each.SerializeToString() for each in good), front + b"\xff"])
    contract = plant.project.sql / "_sources" / "plant_readings.yaml"
    contract.write_text(contract.read_text().replace("format: avro", "format: protobuf_registry"))
    changes, stats = _tried(plant, JOB)
    rows = sorted((each.row["value"], each.row["tag"], each.row["quality"]) for each in changes)
    assert rows == [(n / 4, "R80711.wind_speed", 0) for n in range(3)]
    assert stats.dead == {"schema_unfit": 2 * ENOUGH, "not_protobuf": 1}


def _messages(registry: Registry) -> list[bytes | None]:
    """Good messages of two schemas of one subject, and a bad one of each kind between them."""
    one, two = registry.register("readings", READING), registry.register("readings", SECOND)
    other = registry.register("doors", OTHER)
    assert one != two
    bad = [
        b'{"tag":"R80711.wind_speed"}',
        reading(999_999, 0),
        reading(2**32 - 1, 0),
        framed(other, OTHER, {"open": True}),
        reading(one, 0)[:-3],
        reading(one, 0) + b"\0",
        None,
    ]
    return [*(reading(one, n) for n in range(ENOUGH)), *bad, *(second(two, n) for n in range(ENOUGH))]


@pytest.mark.proof
def test_a_registry_that_stops_and_starts_again_loses_nothing(plant_on: Plant, registry: Registry) -> None:
    one, two = registry.register("readings", READING), registry.register("readings", SECOND)
    plant_on.produce(reading(one, n) for n in range(ENOUGH))
    plant_on.submit()
    plant_on.follow()
    registry.stop()
    try:
        plant_on.produce(second(two, n) for n in range(ENOUGH))
        until(lambda: "the schema registry at https://" in last_failure(plant_on), 120, lambda: last_failure(plant_on))
        assert "answered 502" in last_failure(plant_on)
        plant_on.produce(reading(one, n) for n in range(ENOUGH))
        assert dead(plant_on) == {}
    finally:
        registry.start()
    account = plant_on.follow()
    assert all(balance.holds for balance in account)
    assert sum(balance.good for balance in account) == 3 * ENOUGH


def test_a_job_without_a_registry_is_refused(stack: Stack, tmp_path: Path) -> None:
    with stack.plant("sqlite", tmp_path) as world:
        plant = in_avro(world)
        with pytest.raises(UserError, match=r"plant_readings\.yaml: its messages name schemas .* environment has none"):
            plant.submit()
        assert plant.cluster.running(JOB) is None
