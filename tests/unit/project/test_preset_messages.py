"""What other encoders wrote, and what products' documents show, is read as they mean it by the presets."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from headrace.authoring.sources import decoding
from headrace.project import source_files, source_presets
from headrace_udfs.contract import Contract
from support.payloads import TOPIC, Golden, folders, golden, status

MESSAGES = [
    pytest.param(name, message, id=f"{name}-{message.name}")
    for name in source_presets.names()
    for message in golden(name)
]

CLOUDEVENT = """
format: json
envelope: cloudevents
fields:
  tag: {join: [source, subject], separator: /, type: string, required: true}
  value: {path: data.value, type: double, types: [number, boolean]}
  text: {path: data.value, type: string, types: [string]}
time: {path: time, unit: iso8601}
key: tag
"""
VITALS = """
format: hl7
rows: OBR[].OBX[]
fields:
  tag: {join: [^.^.PID.3.1, "3.1"], type: string, required: true}
  value: {path: "5", type: double, types: [string]}
  text: {path: "5", type: string, types: [string]}
time: {path: "14", format: "%Y%m%d%H%M%S.%f%z"}
quality: {path: "11", mapping: names, names: {F: good, P: uncertain, X: bad}}
key: tag
"""
OTHERS = [
    pytest.param(yaml.safe_load(text), message, id=f"{folder}-{message.name}")
    for folder, text in (("cloudevents", CLOUDEVENT), ("hl7_v2", VITALS))
    for message in golden(folder)
]


def contract(folder: Path, keys: dict[str, Any]) -> Contract:
    file = folder / "source.yaml"
    file.write_text(json.dumps({"description": "Golden messages", "topic": TOPIC, **keys}))
    return source_files.of_file(file)


def columns(expected: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of a preset for a reading: a text is in `text`, anything else in `value`."""
    value = expected["value"]
    is_text = isinstance(value, str)
    return {
        "tag": expected["tag"],
        "value": None if is_text or value is None else float(value),
        "text": value if is_text else None,
        "ts": expected["ts"],
        "quality": status(expected.get("quality")),
    }


@pytest.mark.parametrize(("preset", "message"), MESSAGES)
def test_a_message_means_what_its_encoder_says(preset: str, message: Golden, tmp_path: Path) -> None:
    check(contract(tmp_path, {"preset": preset, **message.contract}), message)


@pytest.mark.parametrize(("keys", "message"), OTHERS)
def test_formats_without_a_preset_do_too(keys: dict[str, Any], message: Golden, tmp_path: Path) -> None:
    check(contract(tmp_path, keys), message)


def check(of: Contract, message: Golden) -> None:
    found = decoding.tally(of, [message.record], rows=1_000)
    rows = [{**row, "ts": row["ts"].isoformat(timespec="microseconds")} for row in found.rows]
    assert [{name: row[name] for name in columns(each)} for row, each in zip(rows, message.readings, strict=True)] == [
        columns(each) for each in message.readings
    ]
    refused = [(each.index, code) for code, examples in found.examples.items() for each in examples]
    assert sorted(refused) == sorted(message.refused)


def test_the_names_of_metadata_are_those_of_the_data_that_follows(tmp_path: Path) -> None:
    name = "siemens_industrial_edge_named"
    records = [replace(each.record, offset=n) for n, each in enumerate(golden(name))]
    found = decoding.tally(contract(tmp_path, {"preset": name}), records)
    assert [(row["tag"], row["value"], f"{row['quality']:x}") for row in found.rows] == [
        ("s7c1/PLC1/default/Temperature", 21.5, "0"),
        ("s7c1/PLC1/default/Running", 0.0, "80000000"),
    ]
    assert (found.readings, found.codes) == (2, {})


def test_each_preset_has_golden_messages() -> None:
    assert {*source_presets.names()} <= {*folders()}
