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
from headrace_udfs.formats.parse_sparkplug_b import DATATYPES
from support import ROOT

JOB = "plant/signals_v1"
LETTERS = "historian.dead_letters"
T = 1_764_000_000_000
Message = tuple[str, int, list[dict[str, Any]]]
"""The key, the partition and the metrics of a message."""

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


def run(project: Project, cluster: MiniCluster, messages: list[Message], name: str) -> Outcome:
    case = project.sql / JOB / "tests" / name
    case.mkdir(parents=True)
    lines = [
        {"$message": {"key": key, "partition": partition, "value": {"timestamp": T, "metrics": metrics}}}
        for key, partition, metrics in messages
    ]
    (case / "source.sparkplug.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    (case / "expect.historian.readings.csv").write_text("tag\n")
    (loaded,) = test.load(project, job_folder.load(project, JOB))
    return outcome(project, settings.load(project, "local"), cluster, loaded)


def reference(project: Project, messages: list[Message]) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """Return the readings and how many letters each code has."""
    contract = source_files.load(project, "sparkplug")
    ends = {partition: 0 for _, partition, _ in messages}
    records = []
    for key, partition, metrics in messages:
        value = encoded.message(json.dumps({"timestamp": T, "metrics": metrics}).encode(), contract, None)
        records.append(Record(contract.topic, partition, ends[partition], T, key.encode(), (), value))
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
        return f"spBv1.0/P/NDATA/E{chance.randint(0, 1)}", int(chance.random() < 0.2), metrics

    return [message() for _ in range(300)]


def test_any_stream_is_what_the_reference_makes_of_it(project: Project, cluster: MiniCluster) -> None:
    messages = stream(random.Random(3))  # noqa: S311 - messages of a test
    result = run(project, cluster, messages, "any")
    rows, codes = reference(project, messages)
    assert len(rows) > 100
    assert Counter(row["code"] for row in result.rows[LETTERS]) == codes
    assert plain(result.rows["historian.readings"], "unit") == plain(rows, "datatype")


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


@pytest.mark.parametrize("gives", ["[tag]", "[tag, datatype]"])
def test_ids_of_any_format_have_names(project: Project, cluster: MiniCluster, gives: str) -> None:
    (project.sql / "_sources" / "sparkplug.yaml").write_text(JSON_IDS.replace("GIVES", gives))
    messages = [
        {"id": 1, "name": "A", "datatype": "bar", "v": 1},
        {"id": 1, "v": 2},
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
    assert plain(rows["historian.readings"], "unit") == Counter(
        [("A", 1.0, None, "bar"), ("A", 2.0, None, unit), ("B", 4.0, None, None), ("C", 5.0, None, None)]
    )
    letters = Counter(row["code"] for row in rows[LETTERS])
    assert letters == {"unknown_alias": 1, "out_of_range": 1, "missing_field": 1}
