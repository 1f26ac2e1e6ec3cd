"""All members of an object but some as rows, and the values of all members in a join."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from headrace_udfs import paths
from headrace_udfs.contract import Contract
from headrace_udfs.decode import Decoder
from headrace_udfs.messages import Messages


def contract(rows: Any, tag: dict[str, Any]) -> Contract:
    fields = {"tag": {**tag, "type": "string", "required": True}, "value": {"path": ".", "type": "double"}}
    made = {"description": "Members", "topic": "t", "rows": rows, "fields": fields, "key": "tag"}
    return Contract.model_validate({**made, "time": {"from": "record_time"}})


def read(of: Contract, message: Any) -> tuple[list[tuple[Any, Any]], list[str]]:
    found = Decoder(of).decode(Messages([json.dumps(message).encode()], times=np.array([10**12])))
    rows = zip(found.columns["tag"].to_pylist(), found.columns["value"].to_pylist(), strict=True)
    good = [row for i, row in enumerate(rows) if i not in found.faults]
    return good, [fault.code.value for fault in found.faults.values()]


@pytest.mark.parametrize("rows", ["!{ts,unit}", [["!{}", "ts", "unit"]]])
def test_the_members_that_are_named_are_no_rows(rows: Any) -> None:
    made = contract(rows, {"from": "member"})
    assert paths.shown(made.rows or ()) == "!{ts,unit}"
    assert read(made, {"ts": 1, "a": 2, "unit": "bar", "b": 3}) == ([("a", 2.0), ("b", 3.0)], [])
    assert read(made, {"ts": 1}) == ([], ["no_readings"])
    assert read(made, {}) == ([], ["no_readings"])


def test_a_member_may_be_named_like_the_sign() -> None:
    assert read(contract("{!,a}", {"from": "member"}), {"!": 1, "a": 2, "b": 3}) == ([("!", 1.0), ("a", 2.0)], [])


TAGS = {"join": [{"path": "^.tags", "members": True, "optional": True}, "^.name", {"from": "member"}]}


@pytest.mark.parametrize(
    ("tags", "tag"),
    [
        ({"unit": 7, "host": "e1", "on": True}, "e1.true.7.cpu.load"),
        ({"host": "e1", "rack": None}, "e1.cpu.load"),
        ({}, "cpu.load"),
        (None, "cpu.load"),
    ],
)
def test_the_values_of_members_are_joined_in_the_order_of_their_names(tags: Any, tag: str) -> None:
    assert read(contract("fields.*", TAGS), {"name": "cpu", "tags": tags, "fields": {"load": 1}}) == ([(tag, 1.0)], [])


@pytest.mark.parametrize("tags", ["e1", ["e1"], {"host": {"name": "e1"}}, 1])
def test_what_is_no_object_of_values_is_refused(tags: Any) -> None:
    message = {"name": "cpu", "tags": tags, "fields": {"load": 1}}
    assert read(contract("fields.*", TAGS), message) == ([], ["wrong_type"])


def test_without_optional_an_empty_object_is_missing() -> None:
    needed = {"join": [{"path": "^.tags", "members": True}, {"from": "member"}]}
    assert read(contract("fields.*", needed), {"tags": {}, "fields": {"load": 1}}) == ([], ["missing_field"])


@pytest.mark.parametrize(
    "tag",
    [{"path": "a", "members": True}, {"from": "key", "members": True}, {"first": [{"path": "a", "members": True}]}],
)
def test_members_outside_of_join_are_an_error(tag: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="members: is allowed only"):
        contract("fields.*", tag)
