"""An object in place of a value is read by one of the names that the contract knows, or it is a dead letter."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headrace_udfs.contract import Contract
from headrace_udfs.decode import Decoder
from headrace_udfs.messages import Messages

FIELDS: dict[str, Any] = {
    "tag": {"type": "string", "required": True},
    "value": {"first": ["v.double", "v.int"], "type": "double"},
    "text": {"path": "v.text", "type": "string"},
}


def read(found: Any, **fields: Any) -> Any:
    keys = {
        "description": "d",
        "topic": "t",
        "fields": {**FIELDS, **fields},
        "time": {"path": "ts", "unit": "epoch_ms"},
    }
    contract = Contract.model_validate({**keys, "key": "tag"})
    message = json.dumps({"tag": "a", "ts": 1_764_000_000_000, "v": found}).encode()
    decoded = Decoder(contract, clock=lambda: 1.8e9).decode(Messages([message]))
    return tuple(decoded.faults[0]) if decoded.faults else decoded.columns["value"][0].as_py()


@pytest.mark.parametrize(
    ("found", "value"),
    [
        ({"double": 1.5}, 1.5),
        ({"int": 2, "other": 3}, 2.0),
        ({"text": "on"}, None),  # another field's
        ({"double": None}, None),
        ({}, None),
        (None, None),
        ({"null": {"type": "D"}}, None),  # says that there is none
        ({"null": None}, None),
    ],
)
def test_a_value_that_is_known_or_says_that_it_is_none_is_read(found: Any, value: float | None) -> None:
    assert read(found) == value


@pytest.mark.parametrize("found", [{"float": 1.5}, {"float": False}, {"words": ["a"]}, {"float": 1, "null": None}])
def test_a_value_under_an_unknown_name_is_a_dead_letter(found: Any) -> None:
    code, message = read(found)
    assert (code, message) == ("wrong_type", f"value: 'v' is {json.dumps(found)}, and has none of double, int, text")


def test_members_that_are_read_one_by_one_may_be_missing() -> None:
    assert read({"unit": "bar"}, value={"path": "v.double", "type": "double"}) is None
