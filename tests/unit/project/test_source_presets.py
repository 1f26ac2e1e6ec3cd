"""A contract with a preset is the preset's, with what its file says otherwise."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from headrace.errors import UserError
from headrace.project import source_files, source_presets
from headrace_udfs.contract import Contract
from headrace_udfs.decode import Decoder
from headrace_udfs.messages import Messages

LEAST = "description: Presses\ntopic: plant.presses\n"


def contract(folder: Path, text: str) -> Contract:
    file = folder / "presses.yaml"
    file.write_text(LEAST + text)
    return source_files.of_file(file)


@pytest.mark.parametrize("name", source_presets.names())
def test_each_preset_is_a_contract_that_lacks_only_a_topic(name: str, tmp_path: Path) -> None:
    made = contract(tmp_path, f"preset: {name}\n")
    assert made.topic == "plant.presses"
    assert made.description == "Presses"
    assert made.key == "tag"
    assert {"tag", "value", "text"} <= made.fields.keys()
    assert "topic" not in source_presets.content(name)


def test_a_key_of_the_file_replaces_that_of_the_preset_and_null_removes_one(tmp_path: Path) -> None:
    text = """\
preset: kepware
fields:
  value: {range: [0, 100]}
  tag: {from: key}
  text: null
  line: {constant: "4", type: string}
time: {format: "%Y-%j", zone: UTC}
quality: null
"""
    made = contract(tmp_path, text)
    assert made.fields["value"].range == (0, 100)
    assert made.fields["value"].path == ("v",)
    assert (made.fields["tag"].from_, made.fields["tag"].path, made.fields["tag"].required) == ("key", None, True)
    assert "text" not in made.fields
    assert made.fields["line"].constant == "4"
    assert (made.time.path, made.time.unit, made.time.format) == (("t",), None, ("%Y-%j",))
    assert made.quality is None


def test_words_are_added_to_those_of_the_preset_and_another_mapping_begins_anew(tmp_path: Path) -> None:
    more = contract(tmp_path, "preset: mtconnect\nquality: {names: {FAULT: bad}}\n")
    assert more.quality
    assert more.quality.names == {"unavailable": "bad", "fault": "bad"}
    other = contract(tmp_path, "preset: mtconnect\nquality: {mapping: opcua}\n")
    assert other.quality
    assert (other.quality.mapping, other.quality.names, other.quality.others) == ("opcua", {}, None)


@pytest.mark.parametrize("key", ["StatusCode", "Status"])
def test_a_status_of_opc_ua_is_read_under_either_name(key: str, tmp_path: Path) -> None:
    reads = contract(tmp_path, "preset: opcua_pubsub\n")
    field = {"Value": 1.5, key: {"Code": 0x808C0000}}
    body = {"DataSetWriterId": 1, "Timestamp": "2025-11-24T16:00:00Z", "Payload": {"a": field}}
    value = json.dumps({"PublisherId": "p", "Messages": [body]}).encode()
    assert Decoder(reads).decode(Messages([value])).columns["quality"].to_pylist() == [0x808C0000]


def test_an_unknown_preset_is_reported_at_its_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"yaml:3:1: there is no preset 'kepwear'\n  fix: did you mean 'kepware'"):
        contract(tmp_path, "preset: kepwear\n")


def test_a_fault_that_comes_with_the_preset_is_reported_in_the_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"yaml:4:1: key: 'line' is not a field\n  fix: the fields are: tag, value"):
        contract(tmp_path, "preset: kepware\nkey: line\n")
