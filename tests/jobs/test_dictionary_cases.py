"""Names that come with the stream: Flink makes of births and data what the reference in Python makes of them."""

from __future__ import annotations

import json
import random
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headrace.authoring import test
from headrace.authoring.sources import decoding
from headrace.authoring.test.run import Outcome, outcome
from headrace.environment import settings
from headrace.environment.kafka_sample import Record
from headrace.planner.in_process import encoded
from headrace.planner.in_process.minicluster import MiniCluster
from headrace.project import job_folder, source_files
from headrace.project.paths import Project
from headrace_udfs.faults import Code
from headrace_udfs.formats.parse_sparkplug_b import DATATYPES
from support import ROOT

JOB = "plant/signals_v1"
LETTERS, MARKERS = "historian.dead_letters", "historian.markers"
T, RECORDED = 1_764_000_000_000, "2025-11-24T16:00:09Z"
"""The time of each payload, in milliseconds since 1970, and that of each record, nine seconds later."""
Message = tuple[str, int, list[dict[str, Any]]] | tuple[str, int, list[dict[str, Any]], int]
"""The key, the partition and the metrics of a message, and its sequence number if it has one."""

BIRTH, DATA, OTHER = "spBv1.0/P/NBIRTH/E", "spBv1.0/P/NDATA/E", "spBv1.0/P/DDATA/E/Press"


def metric(name: str | None, alias: int | None, kind: str | None, **value: Any) -> dict[str, Any]:
    """Return a metric as Protobuf is written in JSON; what is None is left out."""
    found = {"name": name, "alias": alias, "datatype": DATATYPES.index(kind) if kind else None, "timestamp": T, **value}
    return {key: each for key, each in found.items() if each is not None}


@pytest.fixture(scope="module")
def cluster() -> Iterator[MiniCluster]:
    with MiniCluster(Project.find(ROOT)) as up:
        yield up


@pytest.fixture
def project(tmp_path: Path) -> Project:
    for part in ("catalogs", "sql/_macros", "sql/_tables"):
        shutil.copytree(ROOT / part, tmp_path / part)
    folder = tmp_path / "sql" / JOB
    folder.mkdir(parents=True)
    (tmp_path / "sql" / "_sources").mkdir()
    (tmp_path / "sql" / "_sources" / "sparkplug.yaml").write_text("preset: sparkplug_b\ntopic: plant.sparkplug\n")
    (folder / "job.yaml").write_text(
        f"kind: job\nname: {JOB}\nowner: plant\ndescription: Signals.\ngrain: one row per reading\n"
        "reads: [source/sparkplug]\nwrites: {table/historian.readings: append}\n"
    )
    (folder / "historian.readings.sql.j2").write_text(
        "select tag, ts, `value`, text, quality, datatype as unit, cast(null as string) as asset, {{ src() }},\n"
        "    current_timestamp as ingested_at\nfrom {{ source('sparkplug') }}\n"
    )
    return Project(tmp_path, tmp_path / "home")


def value(message: Message) -> dict[str, Any]:
    """Return the payload of a message, as Protobuf is written in JSON."""
    _, _, metrics, *seq = message
    return {"timestamp": T, "metrics": metrics, **({"seq": seq[0]} if seq else {})}


def run(project: Project, cluster: MiniCluster, messages: list[Message], name: str) -> Outcome:
    case = project.sql / JOB / "tests" / name
    case.mkdir(parents=True)
    lines = [
        {"$message": {"key": each[0], "partition": each[1], "time": RECORDED, "value": value(each)}}
        for each in messages
    ]
    (case / "source.sparkplug.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    (case / "expect.historian.readings.csv").write_text("tag\n")
    (loaded,) = test.load(project, job_folder.load(project, JOB))
    return outcome(project, settings.load(project, "local"), cluster, loaded)


def reference(project: Project, messages: list[Message]) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """Return the readings and how many letters each code has."""
    contract = source_files.load(project, "sparkplug")
    ends = {each[1]: 0 for each in messages}
    records = []
    for each in messages:
        key, partition, *_ = each
        payload = encoded.message(json.dumps(value(each)).encode(), contract, None)
        records.append(Record(contract.topic, partition, ends[partition], T + 9000, key.encode(), (), payload))
        ends[partition] += 1
    tally = decoding.tally(contract, records, rows=10_000)
    return tally.rows, dict(tally.codes)


def plain(rows: list[dict[str, Any]], type_: str) -> Counter[tuple[Any, ...]]:
    return Counter((row["tag"], row["value"], row["text"], row[type_]) for row in rows)


def test_aliases_types_rebirths_and_what_is_unknown(project: Project, cluster: MiniCluster) -> None:
    messages: list[Message] = [
        (DATA, 0, [metric(None, 1, None, intValue=5)]),  # before any birth
        (
            BIRTH,
            0,
            [
                metric("Speed", 1, "Int32", intValue=4294967284),
                metric("Load", 2, "Double", doubleValue=0.5),
                metric("Serial", 3, "UInt64", longValue=2**63),  # no reading, but its name is known
            ],
        ),
        (
            DATA,
            0,
            [
                metric(None, 1, None, intValue=4294967295),
                metric(None, 2, None, doubleValue=1.5),
                metric(None, 3, None, longValue=7),
                metric(None, 4, None, doubleValue=9.5),
            ],
        ),
        (DATA, 1, [metric(None, 1, None, intValue=6)]),  # not where the birth was
        (BIRTH, 0, [metric("Torque", 1, "UInt8", intValue=200)]),  # another name, and Load is not born again
        (DATA, 0, [metric(None, 1, None, intValue=244), metric(None, 2, None, doubleValue=2.5)]),
        (BIRTH, 0, [metric("Count", 1, None, intValue=1)]),  # the type of Torque is not that of Count
        (OTHER, 0, [metric("Valve", None, "Int8", intValue=244)]),
        (OTHER, 0, [metric("Valve", None, None, intValue=244), metric("Lamp", None, None, intValue=1)]),
        (OTHER, 0, [metric(None, None, "Int8", intValue=1)]),
    ]
    result = run(project, cluster, messages, "rebirths")
    expected = [
        ("P/E/Load", 0.5, None, "Double"),
        ("P/E/Load", 1.5, None, "Double"),
        ("P/E/Load", 2.5, None, "Double"),
        *((f"P/E/{name}", None, None, None) for name in ("Load", "Serial", "Speed", "Torque")),  # born no more
        ("P/E/Press/Valve", -12.0, None, "Int8"),
        ("P/E/Press/Valve", -12.0, None, "Int8"),
        ("P/E/Serial", 7.0, None, "UInt64"),
        ("P/E/Speed", -12.0, None, "Int32"),
        ("P/E/Speed", -1.0, None, "Int32"),
        ("P/E/Torque", 200.0, None, "UInt8"),
        ("P/E/Torque", 244.0, None, "UInt8"),
    ]
    assert plain(result.rows["historian.readings"], "unit") == Counter(expected)
    rows, codes = reference(project, messages)
    assert plain(rows, "datatype") == Counter(expected)
    letters = [(row["src_offset"], row["src_index"], row["code"], row["message"]) for row in result.rows[LETTERS]]
    assert codes == Counter(code for _, _, code, _ in letters)
    elsewhere = "the name of node P/E, alias 1 came in partition 0, so its order to this reading is open"
    assert sorted(letters) == [
        (0, 0, "other_partition", elsewhere),
        (0, 0, "unknown_alias", "no name has been seen for node P/E, alias 1"),
        (1, 2, "integer_too_large", "value: a double cannot hold 9223372036854775808 exactly (over 2^53)"),
        (2, 3, "unknown_alias", "no name has been seen for node P/E, alias 4"),
        (5, 0, "unknown_datatype", "P/E/Count: no type has been seen for the whole number 1"),
        (7, 1, "unknown_datatype", "P/E/Press/Lamp: no type has been seen for the whole number 1"),
        (8, 0, "missing_field", "tag: required, but the row has none, and no node and alias"),
    ]
    # A message's bytes are with its first row that lacks a name or a type, whether that becomes a letter or not.
    assert sorted(row["src_offset"] for row in result.rows[LETTERS] if not row["payload"]) == [2, 7]


def stream(chance: random.Random) -> list[Message]:
    """Return births and data of two nodes; some mix up aliases, types and partitions."""
    kinds = ["Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64", "Double", None, "Unknown"]
    numbers = [0, 1, 127, 128, 200, 244, 255, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 12, 2**32 - 1]

    def number() -> dict[str, Any]:
        if chance.random() < 0.3:
            return {"longValue": chance.choice([*numbers, 2**53, 2**53 + 1, 2**63, 2**64 - 1, 2**64 - 2**31])}
        return {"intValue": chance.choice(numbers)} if chance.random() < 0.8 else {"doubleValue": 0.5}

    def one() -> dict[str, Any]:
        name = chance.choice(["A", "B", "C", None, None, None])
        kind = chance.choice(kinds) if name or chance.random() < 0.1 else None
        return metric(name, chance.choice([1, 2, 3, None]), kind, **number())

    def message() -> Message:
        metrics = [one() for _ in range(chance.randint(1, 4))]
        kind, part = chance.choice(["NDATA", "NDATA", "NBIRTH", "NDEATH", "DBIRTH", "DDEATH", "DDATA", "NCMD"]), ""
        if kind in ("NBIRTH", "NDEATH") and chance.random() < 0.8:
            metrics = [metric("bdSeq", None, "UInt64", longValue=chance.randint(0, 1)), *metrics[: kind == "NBIRTH"]]
        if kind[0] == "D":
            part, metrics = f"/D{chance.randint(0, 1)}", metrics if kind != "DDEATH" or chance.random() < 0.5 else []
        key = f"spBv1.0/P/{kind}/E{chance.randint(0, 1)}{part}"
        partition = int(chance.random() < 0.2)
        return (key, partition, metrics, chance.randint(0, 3)) if chance.random() < 0.7 else (key, partition, metrics)

    return [message() for _ in range(300)]


def test_any_stream_is_what_the_reference_makes_of_it(project: Project, cluster: MiniCluster) -> None:
    messages = stream(random.Random(3))  # noqa: S311 - messages of a test
    result = run(project, cluster, messages, "any")
    rows, codes = reference(project, messages)
    assert len(rows) > 100
    assert Counter(row["code"] for row in result.rows[LETTERS]) == codes
    assert {"sequence_gap", "no_birth", "other_session", "other_partition"} < codes.keys()
    found = result.rows["historian.readings"]
    assert plain(found, "unit") == plain(rows, "datatype")
    assert Counter((row["tag"], row["ts"], row["quality"]) for row in found) == Counter(
        (row["tag"], row["ts"], row["quality"]) for row in rows
    )
    every = [*found, *result.rows[LETTERS]]
    assert max(Counter((row["src_partition"], row["src_offset"], row["src_index"]) for row in every).values()) == 1


def bd(session: int) -> dict[str, Any]:
    return metric("bdSeq", None, "UInt64", longValue=session)


def test_a_death_ends_every_tag_of_its_session_and_nothing_else(project: Project, cluster: MiniCluster) -> None:
    force = metric("Force", 3, "Double", doubleValue=1.5)
    node, device = "spBv1.0/P/{}/E", "spBv1.0/P/{}/E/Press"
    messages: list[Message] = [
        (node.format("NDEATH"), 0, [bd(6)]),  # of a session that nobody saw
        (node.format("NBIRTH"), 0, [bd(7), metric("Speed", 1, "Int32", intValue=5)], 0),
        (device.format("DBIRTH"), 0, [force], 1),
        (device.format("DDATA"), 0, [metric(None, 3, None, doubleValue=2.5)], 2),
        (device.format("DDATA"), 0, [metric(None, 3, None, doubleValue=3.5)], 5),  # 3 and 4 are missing
        (device.format("DDEATH"), 0, [], 6),
        (device.format("DDEATH"), 0, [], 7),  # again
        (device.format("DBIRTH"), 0, [force], 8),
        (node.format("NDEATH"), 0, [bd(6)]),  # the broker is late with the death of an earlier session
        (device.format("DDATA"), 0, [metric(None, 3, None, doubleValue=4.5)], 9),
        (node.format("NDEATH"), 0, [bd(7)]),
        (node.format("NBIRTH"), 0, [bd(8), metric("Load", 1, "Double", doubleValue=0.5)], 0),
        (node.format("NDEATH"), 1, [bd(8)]),  # not where the birth was
    ]
    result = run(project, cluster, messages, "deaths")
    rows = [
        (row["src_offset"], row["tag"], row["value"], row["ts"].isoformat()[17:19], f"{row['quality']:x}")
        for row in result.rows["historian.readings"]
        if row["src_offset"] > 2
    ]
    stale = "80310000"
    assert sorted(rows) == [
        (3, "P/E/Press/Force", 2.5, "00", "0"),
        (4, "P/E/Press/Force", 3.5, "00", "0"),
        (5, "P/E/Press/Force", None, "00", stale),  # a device's death has its own time
        (7, "P/E/Press/Force", 1.5, "00", "0"),
        (9, "P/E/Press/Force", 4.5, "00", "0"),
        (10, "P/E/Press/Force", None, "09", stale),  # a node's death has that of its record
        (10, "P/E/Speed", None, "09", stale),
        (10, "P/E/bdSeq", None, "09", stale),
        (11, "P/E/Load", 0.5, "00", "0"),
        (11, "P/E/bdSeq", 8.0, "00", "0"),
    ]
    assert sorted(
        (row["src_partition"], row["src_offset"], row["code"], row["message"]) for row in result.rows[LETTERS]
    ) == [
        (0, 0, "no_birth", "no tag of P/E is alive"),
        (0, 4, "sequence_gap", "seq 5 of P/E came after 2: messages are missing, or out of order"),
        (0, 6, "no_birth", "no tag of P/E/Press is alive"),
        (0, 8, "other_session", "the bdSeq of this death is 6, and that of the last birth 7"),
        (1, 0, "other_partition", "the birth of P/E came in partition 0, so its order to this NDEATH is open"),
    ]
    tally = reference(project, messages)
    assert plain(tally[0], "datatype") == plain(result.rows["historian.readings"], "unit")


JSON_IDS = """
description: Values by id.
topic: plant.sparkplug
fields:
  tag: {path: name, type: string, required: true}
  id: {type: long}
  value: {path: v, type: double, range: [0, 10]}
  text: {type: string}
  datatype: {type: string}
time: {from: record_time}
key: tag
dictionary: {by: [id], gives: GIVES}
"""
MASKED = JSON_IDS.replace("text: {type: string}", "text: {type: string, secret: {first: 1}}")


@pytest.mark.parametrize(("contract", "gives"), [(MASKED, "[tag]"), (JSON_IDS, "[tag, datatype]")])
def test_ids_of_any_format_have_names(project: Project, cluster: MiniCluster, contract: str, gives: str) -> None:
    (project.sql / "_sources" / "sparkplug.yaml").write_text(contract.replace("GIVES", gives))
    messages = [
        {"id": 1, "name": "A", "datatype": "bar", "v": 1},
        {"id": 1, "v": 2, "text": "hand"},
        {"id": 2, "v": 3},
        {"id": 1, "name": "B", "v": 99},  # out of range, and still a name
        {"id": 1, "v": 4},
        {"name": "C", "v": 5},
        {"v": 6},
    ]
    case = project.sql / JOB / "tests" / f"json_{len(gives)}"
    case.mkdir(parents=True)
    (case / "source.sparkplug.jsonl").write_text("".join(f"{json.dumps(each)}\n" for each in messages))
    (case / "expect.historian.readings.csv").write_text("tag\n")
    (loaded,) = test.load(project, job_folder.load(project, JOB))
    rows = outcome(project, settings.load(project, "local"), cluster, loaded).rows
    unit = "bar" if "datatype" in gives else None
    text = "h" if contract == MASKED else "hand"
    assert plain(rows["historian.readings"], "unit") == Counter(
        [("A", 1.0, None, "bar"), ("A", 2.0, text, unit), ("B", 4.0, None, None), ("C", 5.0, None, None)]
    )
    letters = {row["code"]: row for row in rows[LETTERS]}
    assert sorted(row["code"] for row in rows[LETTERS]) == ["missing_field", "out_of_range", "unknown_alias"]
    if contract == MASKED:
        assert {row["payload"] for row in letters.values()} == {None}
        assert letters["unknown_alias"]["message"] == Code.UNKNOWN_ALIAS.meaning


SIEMENS = """
preset: siemens_industrial_edge_named
topic: {pattern: 'ie[.].+'}
fields: {datatype: {constant: Real, type: string}}
"""


def test_metadata_tells_names_and_is_accounted_for_and_topics_are_places(
    project: Project, cluster: MiniCluster
) -> None:
    (project.sql / "_sources" / "sparkplug.yaml").write_text(SIEMENS)
    key = "ie/d/j/simatic/v1/s7c1/dp/r/PLC1/default"
    points = [{"name": "Level", "id": "1"}, {"id": "2"}]
    metadata = {"connections": [{"dataPoints": [{"topic": key, "dataPointDefinitions": points}]}]}
    data = {"vals": [{"id": "1", "val": 1.5, "qc": 3}, {"id": "2", "val": 2, "qc": 3}]}
    messages = [("ie.a", metadata), ("ie.a", data), ("ie.b", data)]
    case = project.sql / JOB / "tests" / "siemens"
    case.mkdir(parents=True)
    lines = [{"$message": {"topic": topic, "key": key, "value": value}} for topic, value in messages]
    (case / "source.sparkplug.jsonl").write_text("".join(f"{json.dumps(each)}\n" for each in lines))
    (case / "expect.historian.readings.csv").write_text("tag\n")
    (loaded,) = test.load(project, job_folder.load(project, JOB))
    rows = outcome(project, settings.load(project, "local"), cluster, loaded).rows
    assert [(row["src_topic"], row["tag"], row["value"]) for row in rows["historian.readings"]] == [
        ("ie.a", "s7c1/PLC1/default/Level", 1.5)
    ]
    places = [(row["src_topic"], row["src_offset"], row["src_index"], row["code"]) for row in rows[LETTERS]]
    assert sorted(places) == [
        ("ie.a", 0, 1, "missing_field"),
        ("ie.a", 1, 1, "unknown_alias"),
        ("ie.b", 0, 0, "other_partition"),
        ("ie.b", 0, 1, "unknown_alias"),
    ]
    assert [(row["src_topic"], row["src_offset"], row["src_index"], row["code"]) for row in rows[MARKERS]] == [
        ("ie.a", 0, 0, "definition")
    ]
