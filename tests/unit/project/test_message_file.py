"""Files of messages: bodies as they are, and messages with what stands around them."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.errors import UserError
from headrace.project import message_file
from headrace.project.message_file import FileMessage

parts = st.one_of(st.none(), st.binary(max_size=20))


@given(st.binary(max_size=40).filter(lambda line: b"\n" not in line and not line.endswith(b"\r") and b"$" not in line))
def test_a_body_is_kept_byte_for_byte(line: bytes) -> None:
    assert message_file.message(line, 3) == FileMessage(3, line)


@given(parts, parts, st.lists(st.tuples(st.text(max_size=5), parts), max_size=3))
def test_bytes_are_kept_in_base64(
    value: bytes | None, key: bytes | None, headers: list[tuple[str, bytes | None]]
) -> None:
    def coded(part: bytes | None) -> object:
        return None if part is None else {"$base64": base64.b64encode(part).decode()}

    described = {"value": coded(value), "key": coded(key), "headers": [[name, coded(part)] for name, part in headers]}
    line = json.dumps({"$message": described}).encode()
    assert message_file.message(line, 1) == FileMessage(1, value, key, tuple(headers), wrapped=True)


def test_what_a_line_can_say() -> None:
    line = (
        b'{"$message": {"key": {"id": 7}, "value": "a text", "headers": {"site": "north", "none": null},'
        b' "time": "2024-01-01T01:00:00+01:00", "partition": 2}}'
    )
    at = datetime(2024, 1, 1, tzinfo=UTC)
    headers = (("site", b"north"), ("none", None))
    assert message_file.message(line, 1) == FileMessage(1, b'"a text"', b'{"id":7}', headers, at, 2, wrapped=True)
    plain = message_file.message(b'{"$message": {"key": "o1", "value": {"$text": "MSH|^~"}}}', 1)
    assert (plain.key, plain.value) == (b"o1", b"MSH|^~")
    assert message_file.message(b'{"$message": {"key": "o1", "value": null}}', 1).value is None


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ('{"$message": {"value": {}}', "not JSON"),
        ('{"$message": 1}', "has no other key"),
        ('{"$message": {"value": {}}, "more": 1}', "has no other key"),
        ('{"$message": {"key": "a"}}', "needs a 'value'"),
        ('{"$message": {"value": {}, "keys": "a"}}', "did you mean 'key'"),
        ('{"$message": {"value": {"$base64": "%"}}}', "the value is not base64"),
        ('{"$message": {"value": {}, "headers": [["a"]]}}', "headers are an object"),
        ('{"$message": {"value": {}, "headers": "a"}}', "headers are an object"),
        ('{"$message": {"value": {}, "time": 5}}', "ISO-8601"),
        ('{"$message": {"value": {}, "time": "2024-01-01T00:00:00"}}', "has no zone"),
        ('{"$message": {"value": {}, "time": "0001-01-01T00:00:00+05:00"}}', "years 1 to 9999"),
        ('{"$message": ' + "[" * 100_000, "not JSON"),
        ('{"$message": {"value": {}, "partition": -1}}', "numbered from 0"),
        ('{"$message": {"value": {}, "partition": true}}', "numbered from 0"),
    ],
)
def test_every_line_that_describes_no_message_is_reported(tmp_path: Path, line: str, what: str) -> None:
    file = tmp_path / "orders.jsonl"
    file.write_text(f'{{"a": 1}}\n{line}\n\n{line}\n')
    with pytest.raises(UserError, match=what) as raised:
        list(message_file.read(file))
    assert [str(each.where).rsplit(":", 1)[1] for each in raised.value.problems] == ["2", "4"]


def test_of_many_wrong_lines_the_first_are_shown_and_the_others_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "many.jsonl"
    path.write_text('{"$message": {}}\n' * 1020 + "good\n")
    with pytest.raises(UserError) as raised:
        list(message_file.read(path))
    problems = raised.value.problems
    assert [len(problems), problems[-1].what] == [21, "lines further down that describe no message: 1,000"]


def test_lines_end_as_in_the_cases_of_a_job(tmp_path: Path) -> None:
    file = tmp_path / "bodies.jsonl"
    file.write_bytes(b'{"a": 1}\r\n\n{"b": "\xff"}')
    assert [each.value for each in message_file.read(file)] == [b'{"a": 1}', b"", b'{"b": "\xff"}']


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No such file"):
        list(message_file.read(tmp_path / "none.jsonl"))


def test_a_field_of_the_body_becomes_the_key_of_a_message_without_one(tmp_path: Path) -> None:
    file = tmp_path / "orders.jsonl"
    lines = ['{"a": {"id": "o1"}}', '{"a": {"id": 7}}', '{"$message": {"key": "own", "value": null}}']
    file.write_text("\n".join(lines))
    assert [each.key for each in message_file.read(file, "a.id")] == [b"o1", b"7", b"own"]
    file.write_text("\n".join([*lines, '{"a": 1}', "{", '{"$message": {"value": null}}', '{"a": {"id": null}}']))
    with pytest.raises(UserError) as raised:
        list(message_file.read(file, "a.id"))
    assert [str(each.where).rsplit(":", 1)[1] for each in raised.value.problems] == ["4", "5", "6", "7"]
