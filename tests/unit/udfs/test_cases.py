"""Small inputs that once failed, each an example of its kind; a test has the name of its case."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pytest
import yaml

from headrace_udfs.contract import Contract
from headrace_udfs.decode import Decoder
from headrace_udfs.messages import Messages
from headrace_udfs.status_codes import STATUS_CODES

BAD = 0x80000000


def read(contract: str, *messages: Any, **around: Any) -> list[Any]:
    """The columns of each row, or the code and message of its fault."""
    reads = Contract.model_validate({"description": "d", "topic": "t", "key": "tag", **yaml.safe_load(contract)})
    payloads = [m if isinstance(m, bytes) else json.dumps(m).encode() for m in messages]
    decoded = Decoder(reads, clock=lambda: 1.8e9).decode(Messages(payloads, **around))
    columns = {name: array.to_pylist() for name, array in decoded.columns.items()}
    rows = range(len(columns["ts"]))
    return [tuple(decoded.faults[i]) if i in decoded.faults else {n: c[i] for n, c in columns.items()} for i in rows]


def of(rows: Sequence[Any], name: str) -> list[Any]:
    """One column of the rows, the code where a row has a fault."""
    return [row[name] if isinstance(row, Mapping) else row[0] for row in rows]


PLANT = """
fields: {tag: {type: string, required: true}, value: {type: double}}
time: {path: ts, unit: epoch_ms}
quality: {path: q, mapping: %s, missing: good}
"""


def sent(quality: Any) -> dict[str, Any]:
    return {"tag": "L1.P1", "ts": 1704067200000, "value": 5.0, "q": quality}


def test_d01_stale_of_sparkplug_is_never_good() -> None:
    qualities = [192, 500, 0]
    assert of(read(PLANT % "opcda", *map(sent, qualities)), "quality") == [0, "unknown_quality", BAD]
    assert of(read(PLANT % "sparkplug", *map(sent, qualities)), "quality") == [
        0,
        STATUS_CODES["BadNoCommunication"],
        BAD,
    ]


@pytest.mark.parametrize("mapping", ["opcua", "opcda", "sparkplug", "siemens", "boolean"])
def test_d01_what_a_mapping_does_not_define_is_never_good(mapping: str) -> None:
    defined = {
        "opcua": {code for code in STATUS_CODES.values() if code < 2**30},
        "opcda": {q | limit | vendor for q in (192, 216) for limit in range(4) for vendor in range(0, 2**16, 256)},
        "sparkplug": {192},
        "siemens": {2, 3},
        "boolean": set(),
    }[mapping]
    numbers = [*range(0, 2**16, 7), *range(600), *(code for code in STATUS_CODES.values()), 0x00010000, 192 + 2**16]
    statuses = of(read(PLANT % mapping, *map(sent, numbers)), "quality")
    good = {
        number for number, status in zip(numbers, statuses, strict=True) if isinstance(status, int) and status < 2**30
    }
    assert good <= defined | {n for n in good if mapping == "opcua" and n & 0xFFFF0000 in defined and n & 0x0400}


GOOD_AS_A_BOOLEAN = """
fields: {tag: {type: string, required: true}, value: {type: double}}
time: {path: ts, unit: iso8601}
quality: {path: Good, mapping: names, names: {%s: good, %s: bad}}
"""


@pytest.mark.parametrize("names", [("'true'", "'false'"), ("'True'", "'FALSE'")])
def test_d05_names_of_a_quality_can_be_booleans(names: tuple[str, str]) -> None:
    number = {"tag": "P1", "ts": "2024-01-01T00:00:00Z", "Good": True, "value": 12.3}
    state = {**number, "Good": False, "value": {"Name": "Pt Created", "Value": 253, "IsSystem": True}}
    rows = read(GOOD_AS_A_BOOLEAN % names, number, {**number, "Good": False}, state)
    assert of(rows, "value") == [12.3, 12.3, "wrong_type"]
    assert of(rows, "quality") == [0, BAD, "wrong_type"]
    assert "value: expected a number, found {" in rows[2][1]


def test_d05_a_system_state_is_bad_and_has_no_value() -> None:
    point = """
fields: {tag: {type: string, required: true}, value: {path: Value, type: double, types: [number]},
         text: {path: Value.Name, type: string}}
time: {path: ts, unit: iso8601}
quality: {path: Value, mapping: pi}
"""
    at = {"tag": "P1", "ts": "2024-01-01T00:00:00Z"}
    values = [12.3, {"Name": "Pt Created", "Value": 253, "IsSystem": True}, {"Name": "Open", "Value": 1}, None, "x"]
    rows = read(point, *({**at, "Value": value} for value in values))
    assert of(rows, "value") == [12.3, None, None, None, "wrong_type"]
    assert of(rows, "text") == [None, "Pt Created", "Open", None, "wrong_type"]
    assert of(rows, "quality") == [0, BAD, 0, 0x40000000, "wrong_type"]


ARRAY = """
format: json_array
fields: {tag: {type: string, required: true}, value: {type: double}}
time: {path: ts, unit: epoch_ms}
"""


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("NaN", "nan"), ("Infinity", "infinity"), ("-Infinity", "infinity"), ("1e400", "number_overflow"),
        ("9" * 5000, "integer_too_large"), ("9007199254740993", "integer_too_large"),
        ('{"a":1,"a":2}', "duplicate_key"), ("[" * 99 + "]" * 99, "nested_too_deep"),
    ],
)  # fmt: skip
def test_d09_a_fault_in_one_object_of_an_array_costs_no_other_and_is_named(value: str, code: str) -> None:
    message = '[{"tag":"L1.P1","ts":1704067200000,"value":%s},{"tag":"L1.P2","ts":1704067200000,"value":1.0}]'
    refused, other = read(ARRAY, (message % value).encode())
    assert refused[0] == code
    assert refused[1].startswith("value: ")
    assert (other["tag"], other["value"]) == ("L1.P2", 1.0)


def test_d10_readings_stand_in_an_array_within_an_object() -> None:
    gateway = """
rows: metrics[]
fields: {tag: {path: name, type: string, required: true}, value: {type: double}}
time: {path: timestamp, unit: epoch_ms}
"""
    metrics = [{"name": "T1", "timestamp": 1704067200000 + 1000 * i, "value": 1.0 + i} for i in range(2)]
    rows = read(gateway, {"timestamp": 1704067205000, "metrics": metrics, "seq": 3})
    assert of(rows, "value") == [1.0, 2.0]
    assert of(rows, "ts") == [datetime(2024, 1, 1), datetime(2024, 1, 1, 0, 0, 1)]


ISO = """
fields: {tag: {type: string, required: true}, at: {type: timestamp}}
time: {path: ts, unit: iso8601}
"""


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2024-01-01T00:00:00,5Z", datetime(2024, 1, 1, 0, 0, 0, 500000)),
        ("2024-01-01T00:00:00,235575783+08:00", datetime(2023, 12, 31, 16, 0, 0, 235575)),
        ("2024-01-01t00:00:00z", datetime(2024, 1, 1)),
        ("2024-01-01t00:00:00.123456789z", datetime(2024, 1, 1, 0, 0, 0, 123456)),
        ("2024-01-01 00:00z", datetime(2024, 1, 1)),
    ],
)
def test_t02_spellings_of_iso_8601_are_read_in_times_and_fields(text: str, instant: datetime) -> None:
    (row,) = read(ISO, {"tag": "P1", "ts": text, "at": text})
    assert (row["ts"], row["at"]) == (instant, instant)


@pytest.mark.parametrize(
    "text", ["2024-01-01T00:00:00 +01:00", "20240101T000000Z", "2024-W01-1T00:00:00Z", "2024-001T00:00:00Z",
             "2024-01-01T00:00:00,Z", "2024-01-01T00,5Z", "T00:00:00Z", "2024-01-01tt00:00:00Z"]
)  # fmt: skip
def test_t02_what_is_not_taken_is_not_called_no_iso_8601(text: str) -> None:
    for message, name in (({"ts": text}, "ts"), ({"ts": "2024-01-01T00:00:00Z", "at": text}, "at")):
        ((code, why),) = read(ISO, {"tag": "P1", **message})
        assert code == "time_invalid"
        assert why.startswith(f'{name}: "{text}" is not a valid time of the form that is taken here')


def test_t02_texts_of_a_key_are_read_as_those_of_a_payload() -> None:
    of_key = "{fields: {tag: {type: string, required: true}}, time: {from: key, unit: iso8601}}"
    rows = read(of_key, {"tag": "P1"}, {"tag": "P1"}, keys=[b"2024-01-01t00:00:00,5z", b"2024"], times=np.zeros(2))
    assert of(rows, "ts") == [datetime(2024, 1, 1, 0, 0, 0, 500000), "time_invalid"]
