"""A test case gives messages of any format: as lines, as JSON that becomes a binary message, or as bytes in base64."""

from __future__ import annotations

import base64
import gzip
import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from headrace.authoring import test
from headrace.authoring.test.run import Outcome, outcome
from headrace.environment import settings
from headrace.errors import UserError
from headrace.planner.in_process.minicluster import MiniCluster
from headrace.project import job_folder
from headrace.project.paths import Project
from support import ROOT

SHARED = ("catalogs", "sql/_macros", "sql/_tables")
JOB = "pumps/hot_v1"
READINGS = [
    ("P1.bearing", 1_700_000_000_000, 99.5, 192),
    ("P1.bearing", 1_700_000_001_000, 100.5, 192),
    ("P2.bearing", 1_700_000_002_000, 140.0, 0),
]
PROTO = """
syntax = "proto3";
message Reading { string tag = 1; int64 ts = 2; double value = 3; uint32 q = 4; }
"""
FIELDS: dict[str, Any] = {"tag": {"type": "string", "required": True}, "value": {"type": "double"}}


def fields(tag: str, value: str) -> dict[str, Any]:
    return {"tag": {**FIELDS["tag"], "path": tag}, "value": {**FIELDS["value"], "path": value}}


def places(tag: str, value: str, time: str, quality: str) -> dict[str, Any]:
    return {
        "fields": fields(tag, value),
        "time": {"path": time, "unit": "epoch_ms"},
        "quality": {"path": quality, "mapping": "opcda"},
    }


PLAIN = [json.dumps(dict(zip(("tag", "ts", "value", "q"), reading, strict=True))) for reading in READINGS]


def wrapped(value: Any, **around: Any) -> str:
    return json.dumps({"$message": {"value": value, **around}})


def packed(body: bytes) -> dict[str, str]:
    return {"$base64": base64.b64encode(body).decode()}


def by_key(reading: tuple[str, int, float, int]) -> str:
    tag, ts, value, quality = reading
    time = datetime.fromtimestamp(ts / 1000, UTC).isoformat()
    return wrapped({"$text": str(value)}, key=tag, headers={"q": str(quality)}, time=time)


HL7 = "MSH|^~\\&|LAB|HOSP|||20240101||ORU^R01|42|P|2.5.1\rOBX|1|NM|{0}||{2}|C|||||||{3}|{1}"
ATTRIBUTES = {"ce_id": "1", "ce_source": "/plant", "ce_specversion": "1.0", "ce_type": "reading"}
GZIP = {"content-encoding": "gzip"}
FORMATS: dict[str, tuple[dict[str, Any], list[str], str]] = {
    "json": ({}, [*PLAIN, "{"], "not_json"),
    "json_lines": ({}, [*PLAIN, wrapped({"$text": "[1]\n[2]"})], "not_an_object"),
    "text": (
        {
            "fields": {**fields("unused", "."), "tag": {"from": "key", "type": "string", "required": True}},
            "time": {"from": "record_time"},
            "quality": {"from": "header", "header": "q", "mapping": "opcda"},
        },
        [*map(by_key, READINGS), wrapped(None, key="P3.bearing")],
        "null_payload",
    ),
    "csv": (
        {"csv": {"columns": ["tag", "ts", "value", "q"]}},
        [*(",".join(map(str, reading)) for reading in READINGS), "P3.bearing,1"],
        "wrong_columns",
    ),
    "influx": (
        places("tags.tag", "fields.value", "time", "fields.q"),
        [*(f"m,tag={tag} value={value},q={q}i {ts}" for tag, ts, value, q in READINGS), "m,tag=P3.bearing value=x 1"],
        "not_line_protocol",
    ),
    "xml": (
        places("r.@tag", "r.v", "r.@ts", "r.@q"),
        [*(f'<r tag="{tag}" ts="{ts}" q="{q}"><v>{value}</v></r>' for tag, ts, value, q in READINGS), "<r>"],
        "not_xml",
    ),
    "hl7": (
        places("OBX.3", "OBX.5", "OBX.14", "OBX.13"),
        [*(wrapped({"$text": HL7.format(tag, ts, value, q)}) for tag, ts, value, q in READINGS), "PID|1"],
        "not_hl7",
    ),
    "protobuf": (
        {"schema": "pumps.proto", "message": "Reading"},
        [*PLAIN, wrapped(packed(b"\x0a\x05P"))],
        "not_protobuf",
    ),
    "protobuf_registry": ({}, [*PLAIN, wrapped(packed(b"\0\0\0\0\1\2\4"))], "unknown_message"),
    "json_registry": ({}, [*PLAIN, wrapped(packed(b"\0\0\0\0\7{}"))], "unknown_schema"),
    "sparkplug_b": (
        {"rows": "metrics[]", **places("name", "value", "timestamp", "properties.Quality")},
        [
            *(
                json.dumps({"metrics": [{"name": tag, "timestamp": ts, "datatype": 10, "doubleValue": value,
                    "properties": {"keys": ["Quality"], "values": [{"type": 3, "intValue": q}]}}]})
                for tag, ts, value, q in READINGS
            ),
            wrapped(packed(b"\x12")),
        ],
        "not_protobuf",
    ),
    "cloudevents": (
        {"format": "json", "envelope": "cloudevents", **places("data.tag", "data.value", "data.ts", "data.q")},
        [*(wrapped(json.loads(line), headers=ATTRIBUTES) for line in PLAIN), wrapped(json.loads(PLAIN[0]))],
        "not_a_cloudevent",
    ),
    "gzip": (
        {"format": "json", "compression": {"header": "content-encoding"}},
        [
            *(wrapped(packed(gzip.compress(line.encode())), headers=GZIP) for line in PLAIN[:2]),
            PLAIN[2],
            wrapped(json.loads(PLAIN[0]), headers=GZIP),
        ],
        "not_compressed",
    ),
}  # fmt: skip


@pytest.fixture
def project(tmp_path: Path) -> Project:
    for part in SHARED:
        shutil.copytree(ROOT / part, tmp_path / part)
    shutil.copytree(ROOT / "tests" / "broken" / "good", tmp_path, dirs_exist_ok=True)
    template = tmp_path / "sql" / JOB / "_trusted.sql.j2"
    template.write_text(template.read_text().replace("on_time(", "source("))
    (tmp_path / "sql" / "_sources" / "pumps.proto").write_text(PROTO)
    return Project(tmp_path, tmp_path / "home")


@pytest.fixture(scope="module")
def cluster() -> Iterator[MiniCluster]:
    with MiniCluster(Project.find(ROOT)) as up:
        yield up


def write(project: Project, name: str) -> Path:
    """Write the contract of a format and the messages of its case; return the case's folder."""
    keys, lines, _ = FORMATS[name]
    contract = {
        "description": "Temperatures of the pumps' bearings.",
        "topic": "pump.readings",
        "format": name,
        "fields": FIELDS,
        "time": {"path": "ts", "unit": "epoch_ms"},
        "quality": {"path": "q", "mapping": "opcda"},
        "key": "tag",
        **keys,
    }
    (project.sql / "_sources" / "pump_readings.yaml").write_text(yaml.safe_dump(contract, sort_keys=False))
    case = (project.sql / JOB / "tests" / "hot_and_cold").rename(project.sql / JOB / "tests" / f"of_{name}")
    (case / "source.pump_readings.jsonl").write_text("".join(f"{line}\n" for line in lines))
    if name == "protobuf_registry":
        (case / "source.pump_readings.proto").write_text(PROTO)
    if name == "json_registry":
        (case / "source.pump_readings.schema.json").write_text("{}")
    return case


def run_case(project: Project, cluster: MiniCluster) -> Outcome:
    (case,) = test.load(project, job_folder.load(project, JOB))
    return outcome(project, settings.load(project, "local"), cluster, case)


@pytest.mark.parametrize("name", FORMATS)
def test_a_case_gives_messages_of_the_format(project: Project, cluster: MiniCluster, name: str) -> None:
    write(project, name)
    result = run_case(project, cluster)
    assert result.differences == ()
    (problem,) = result.problems
    assert f"{FORMATS[name][2]}" in problem.what
    assert "historian.dead_letters that no file expects" in problem.what
    assert [row["value"] for row in result.rows["pumps.hot"]] == [100.5]


def test_the_schema_of_a_case_is_of_the_format(project: Project) -> None:
    case = write(project, "protobuf_registry")
    (case / "source.pump_readings.proto").rename(case / "source.pump_readings.avsc")
    with pytest.raises(UserError, match=r"the schema of 'pump_readings' is expected in source\.pump_readings\.proto"):
        test.load(project, job_folder.load(project, JOB))
    (case / "source.pump_readings.avsc").unlink()
    with pytest.raises(
        UserError, match=r"are protobuf_registry, and need a schema\n  fix: add source\.pump_readings\.proto"
    ):
        test.load(project, job_folder.load(project, JOB))
