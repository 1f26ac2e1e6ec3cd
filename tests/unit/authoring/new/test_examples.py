"""A job on a source whose messages nobody can make up gets its test case from a few messages of a sample."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from headrace.authoring.new import Request, examples, write_files
from headrace.authoring.sources import contract_file
from headrace.authoring.sources.proposal import propose
from headrace.environment.kafka_sample import Record
from headrace.errors import UserError
from headrace.project import message_file, source_files
from headrace.project.paths import Project
from support.payloads import golden

REQUEST = Request("condition/presses_v1", "presses", "condition.presses", "me")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    for folder in ("sql/_sources", "sql/_tables", "catalogs"):
        (tmp_path / folder).mkdir(parents=True)
    return Project.find(tmp_path)


def proposed(project: Project, preset: str) -> list[Path]:
    records = [message.record for message in golden(preset)]
    path = contract_file.path_of(project, "presses")
    return contract_file.write(project, path, records, propose(records, preset), "golden messages")


def test_the_case_has_messages_of_the_sample_and_the_rows_of_their_good_readings(project: Project) -> None:
    assert [path.name for path in proposed(project, "kepware")] == ["presses.yaml", "presses.messages.jsonl"]
    write_files(project, REQUEST)
    case = project.sql / "condition" / "presses_v1" / "tests" / "good_and_bad"
    sent = [*message_file.read(case / "source.presses.jsonl")]
    (whole, *_) = golden("kepware")
    assert [each.value for each in sent] == [whole.record.value]
    with (case / "expect.condition.presses.csv").open() as file:
        rows = [*csv.DictReader(file)]
    good = [each for each in whole.readings if each["quality"] == "good"]
    assert [row["tag"] for row in rows] == [each["tag"] for each in good]
    assert [(row["src_offset"], row["src_index"]) for row in rows] == [("0", str(i)) for i in range(len(good))]


def test_keys_headers_times_and_bytes_are_kept(project: Project) -> None:
    proposed(project, "sparkplug_b")
    kept = [*message_file.read(examples.path_of(project, "presses"))]
    sent = {(each.record.key, each.record.value) for each in golden("sparkplug_b")}
    assert {(each.key, each.value) for each in kept} <= sent
    assert len(kept) == contract_file.EXAMPLES
    assert all(each.time for each in kept)


def test_examples_of_several_topics_keep_theirs_and_have_offsets_of_their_own(project: Project) -> None:
    sent = [Record(topic, 0, 0, 1_764_000_000_000, None, (), b"21.5") for topic in ("mqtt.a", "mqtt.b", "mqtt.a")]
    path = contract_file.path_of(project, "presses")
    contract_file.write(project, path, sent, propose(sent), "3 messages")
    path.write_text(path.read_text().replace("topic: mqtt.a", 'topic: {pattern: "mqtt[.].+"}'))
    write_files(project, REQUEST)
    case = project.sql / "condition" / "presses_v1" / "tests" / "good_and_bad"
    with (case / "expect.condition.presses.csv").open() as file:
        rows = [(row["tag"], row["src_offset"]) for row in csv.DictReader(file)]
    assert rows == [("mqtt.a", "0"), ("mqtt.b", "0"), ("mqtt.a", "1")]
    examples.path_of(project, "presses").write_text('{"$message": {"value": 1}}\n')
    with pytest.raises(UserError, match="which topic it is of is not said"):
        examples.of(project, "presses", source_files.load(project, "presses"))


def test_a_case_with_an_empty_text_expects_it_in_json(project: Project) -> None:
    sent = [Record("plant.new", 0, 0, 1_764_000_000_000, None, (), b'[{"tag": "a", "value": "", "ts": 1764000000}]')]
    contract_file.write(project, contract_file.path_of(project, "presses"), sent, propose(sent), "1 message")
    write_files(project, REQUEST)
    case = project.sql / "condition" / "presses_v1" / "tests" / "good_and_bad"
    assert json.loads((case / "expect.condition.presses.jsonl").read_text())["text"] == ""
    assert not (case / "expect.condition.presses.csv").exists()


def test_a_flat_contract_needs_no_messages(project: Project) -> None:
    (project.sql / "_sources" / "flat.yaml").write_text(
        "description: d\ntopic: t\nfields: {tag: {type: string, required: true}}\n"
        "time: {path: ts, unit: epoch_ms}\nkey: tag\n"
    )
    contract = source_files.load(project, "flat")
    assert examples.of(project, "flat", contract) is None


def test_without_messages_the_error_says_where_to_put_some(project: Project) -> None:
    proposed(project, "kepware")
    file = examples.path_of(project, "presses")
    file.unlink()
    with pytest.raises(UserError, match=r"no message can be made up for 'presses'.*\n  fix: .*presses.messages.jsonl"):
        write_files(project, REQUEST)
    file.write_text("{}\n")
    with pytest.raises(UserError, match="none of the readings in these messages decodes"):
        write_files(project, REQUEST)


@pytest.mark.parametrize("value", [b'{"a":1}', b'{"a": 1}', b"plain", b"1.0", b"\xff\x00", b'"text"', None, b"[1e400]"])
def test_a_line_of_a_message_is_read_byte_for_byte(value: bytes | None) -> None:
    line = message_file.line(b"k\xff", value, [("h", b"x"), ("h", None)])
    found = message_file.message(line.encode())
    assert (found.key, found.value, found.headers) == (b"k\xff", value, (("h", b"x"), ("h", None)))


MASKED = """\
description: d
topic: t
fields:
  id: {type: string, required: true}
  person: {type: string, required: true, secret: {hash: people}}
  nights: {type: long, unit: "1", secret: drop}
time: {path: ts, unit: epoch_ms}
key: id
watermark: {lateness: 1m}
"""


def test_what_a_source_masks_is_expected_masked(project: Project) -> None:
    (project.sql / "_sources" / "presses.yaml").write_text(MASKED)
    write_files(project, REQUEST)
    case = project.sql / "condition" / "presses_v1" / "tests" / "good_and_bad"
    with (case / "expect.condition.presses.csv").open() as file:
        rows = [*csv.DictReader(file)]
    assert len(rows) == 4
    assert all(row["person"].startswith("1-") for row in rows)
    assert all("nights" not in row for row in rows)


def test_real_messages_of_a_source_that_masks_values_become_no_case(project: Project) -> None:
    proposed(project, "kepware")
    path = project.sql / "_sources" / "presses.yaml"
    contract = source_files.of_file(path)
    (field, *_) = [name for name, each in contract.fields.items() if each.type == "string"]
    path.write_text(path.read_text() + f"fields:\n  {field}: {{secret: {{hash: people}}}}\n")
    with pytest.raises(UserError, match="it masks values: a case would be messages of the topic as they are"):
        write_files(project, REQUEST)
    assert not (project.sql / "condition").exists()


def test_windows_of_masked_times_are_refused(project: Project) -> None:
    times = "time: {path: ts, unit: epoch_ms, secret: {truncate: hour}}"
    (project.sql / "_sources" / "presses.yaml").write_text(MASKED.replace("time: {path: ts, unit: epoch_ms}", times))
    with pytest.raises(UserError, match="the times of this source are masked"):
        write_files(project, Request("condition/presses_v1", "presses", "condition.presses", "me", "1h"))
