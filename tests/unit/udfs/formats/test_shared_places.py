"""Two fields that read one place: a text that is a number is the number's, if it takes texts, and no one else's."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from headrace_udfs.contract import Contract
from headrace_udfs.decode import Decoder
from headrace_udfs.messages import Messages


def decoded(value: Any, **number: Any) -> tuple[Any, Any, list[str]]:
    """Return what `value` and `text` get of a value, and the codes of the faults."""
    contract = Contract.model_validate(
        {
            "description": "Shared",
            "topic": "t",
            "fields": {
                "tag": {"constant": "a", "type": "string", "required": True},
                "value": {"path": "v", "type": "double", "types": ["number", "string"], **number},
                "text": {"path": "v", "type": "string", "types": ["string"]},
            },
            "time": {"from": "record_time"},
            "key": "tag",
        }
    )
    found = Decoder(contract).decode(Messages([json.dumps({"v": value}).encode()], times=np.array([10**12])))
    columns = {name: array[0].as_py() for name, array in found.columns.items()}
    return columns["value"], columns["text"], [fault.code.value for fault in found.faults.values()]


def why(value: Any, **number: Any) -> list[str]:
    """Return the messages of the faults of a value."""
    contract = {"description": "One", "topic": "t", "time": {"from": "record_time"}, "key": "tag"}
    tag = {"constant": "a", "type": "string", "required": True}
    fields = {"tag": tag, "value": {"path": "v", "type": "double", **number}}
    found = Decoder(Contract.model_validate({**contract, "fields": fields})).decode(
        Messages([json.dumps({"v": value}).encode()], times=np.array([10**12]))
    )
    return [fault.message for fault in found.faults.values()]


@pytest.mark.parametrize(
    ("value", "number", "text"),
    [
        (1.5, 1.5, None),
        ("-12", -12.0, None),
        ("1e3", 1000.0, None),
        ("12 bar", None, "12 bar"),
        ("", None, ""),
        ("true", None, "true"),
        (None, None, None),
    ],
)
def test_a_value_is_in_one_column(value: Any, number: float | None, text: str | None) -> None:
    assert decoded(value) == (number, text, [])


def test_booleans_in_texts_and_the_decimal_sign_count() -> None:
    assert decoded("true", types=["number", "string", "boolean"]) == (1.0, None, [])
    assert decoded("21,5", decimal=",") == (21.5, None, [])
    assert decoded("21.5", decimal=",") == (None, "21.5", [])


def test_a_number_that_the_types_leave_out_is_told_by_what_they_take() -> None:
    assert why(1.5, types=["string", "boolean"]) == ["value: expected a number as string or boolean, found 1.5"]
    assert why("1.5") == ['value: expected a number, found "1.5"']
    assert why([1.5], types=["string", "boolean"]) == ["value: expected a number, found [1.5]"]


def test_a_number_that_cannot_be_stored_is_no_text_instead() -> None:
    assert decoded("9007199254740993") == (None, None, ["integer_too_large"])
