"""A decoded reading is within its contract's ranges, time bounds and qualities, or is refused with a reason."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from headrace_udfs.contract import Contract
from headrace_udfs.decode import Decoder
from headrace_udfs.faults import Code
from headrace_udfs.messages import Messages
from headrace_udfs.types import ARROW

NOW = datetime(2014, 6, 1, tzinfo=UTC).timestamp()


def contract(**changes: Any) -> Contract:
    values: dict[str, Any] = {
        "description": "Readings of a pump.",
        "topic": "pump.readings",
        "fields": {
            "tag": {"type": "string", "required": True},
            "value": {"type": "double", "range": [-5, 100.5], "unit": "bar"},
            "count": {"type": "long", "range": [None, 9007199254740993]},
            "seen": {"type": "timestamp"},
        },
        "time": {"path": "ts", "unit": "epoch_s", "earliest": datetime(2010, 1, 1, tzinfo=UTC), "latest": "10m"},
        "quality": {"path": "q", "mapping": "opcda", "missing": "uncertain"},
        "key": "tag",
    }
    return Contract.model_validate({**values, **changes})


def decode(*payloads: bytes | None, **changes: Any) -> tuple[dict[str, list[Any]], dict[int, tuple[Code, str]]]:
    reads = contract(**changes)
    decoded = Decoder(reads, clock=lambda: NOW).decode(Messages(payloads))
    assert {name: array.type for name, array in decoded.columns.items()} == {
        name: ARROW[kind] for name, kind in reads.columns.items()
    }
    assert list(decoded.columns) == list(reads.columns)
    return {name: array.to_pylist() for name, array in decoded.columns.items()}, dict(decoded.faults)


def reading(text: str = "", ts: object = 1.4e9) -> bytes:
    return f'{{"tag":"a","ts":{ts}{text}}}'.encode()


def test_a_reading_has_every_column_of_its_contract() -> None:
    columns, faults = decode(reading(',"value":1,"count":2,"seen":"2014-01-01T01:00:00+01:00","q":216'))
    assert not faults
    assert columns == {
        "tag": ["a"],
        "value": [1.0],
        "count": [2],
        "seen": [datetime(2014, 1, 1)],
        "ts": [datetime(2014, 5, 13, 16, 53, 20)],
        "quality": [0x00960000],
    }


def test_an_optional_field_may_be_missing() -> None:
    columns, faults = decode(reading())
    assert not faults
    assert [columns[name] for name in ("value", "count", "seen", "quality")] == [[None], [None], [None], [0x40000000]]


def test_without_a_quality_in_the_contract_every_reading_is_good() -> None:
    columns, _ = decode(reading(), reading(), quality=None)
    assert columns["quality"] == [0, 0]


@pytest.mark.parametrize(
    ("payload", "code", "message"),
    [
        (reading(',"value":-5.1'), Code.OUT_OF_RANGE, "value: -5.1 bar is below -5 bar"),
        (reading(',"value":100.6'), Code.OUT_OF_RANGE, "value: 100.6 bar is above 100.5 bar"),
        (reading(',"count":9007199254740994'), Code.OUT_OF_RANGE, "count: 9007199254740994 is above 9007199254740993"),
        (reading(ts=1.2e9), Code.TIME_BEFORE_BOUNDS, "ts: 2008-01-10T21:20:00.000000Z is before 2010-01-01"),
        (reading(ts=4e9), Code.TIME_AFTER_BOUNDS, "ts: 2096-10-02T07:06:40.000000Z is after 2014-06-01T00:10:00"),
        (reading(ts=1.4e18), Code.TIME_AFTER_BOUNDS, "is after 2014-06-01T00:10:00"),
        (reading(ts=-1e300), Code.TIME_BEFORE_BOUNDS, "is before 2010-01-01"),
        (reading(',"q":128'), Code.UNKNOWN_QUALITY, "quality: 128 is unknown to the mapping 'opcda'"),
        (reading(',"seen":"2014-01-01"'), Code.TIME_WITHOUT_ZONE, 'seen: "2014-01-01" has no time zone'),
        (
            reading(',"seen":"once"'),
            Code.TIME_INVALID,
            'seen: "once" is not a valid time of the form',
        ),
        (b"{}", Code.MISSING_FIELD, "tag: required"),
        (None, Code.NULL_PAYLOAD, "no value"),
    ],
)
def test_a_reading_outside_its_contract_affects_no_other(payload: bytes | None, code: Code, message: str) -> None:
    good = reading(',"value":1')
    columns, faults = decode(good, payload, good)
    assert faults.keys() == {1}
    assert faults[1][0] is code
    assert message in faults[1][1]
    assert [columns["value"][0], columns["value"][2]] == [1.0, 1.0]


def test_bounds_are_inclusive() -> None:
    earliest = datetime(2010, 1, 1, tzinfo=UTC).timestamp()
    assert not decode(reading(',"value":-5', earliest), reading(',"value":100.5', NOW + 600))[1]


def test_the_first_fault_of_a_reading_is_reported() -> None:
    _, faults = decode(reading(',"value":1000,"q":128', ts=0))
    assert faults[0][0] is Code.TIME_BEFORE_BOUNDS


@pytest.mark.parametrize(
    ("unit", "ts"),
    [
        ("epoch_s", 1400000000.000001),
        ("epoch_us", 1400000000000001),
        ("epoch_ns", 1400000000000001999),
        ("iso8601", '"2014-05-13T16:53:20.000001Z"'),
    ],
)
def test_the_time_is_read_in_the_unit_of_the_contract(unit: str, ts: object) -> None:
    columns, faults = decode(reading(ts=ts), time={"path": "ts", "unit": unit})
    assert not faults
    assert columns["ts"] == [datetime(2014, 5, 13, 16, 53, 20, 1)]


def test_an_iso_time_without_a_zone_is_a_fault_of_the_time() -> None:
    _, faults = decode(reading(ts='"2014-05-13T16:53:20"'), time={"path": "ts", "unit": "iso8601"})
    code, message = faults[0]
    assert code is Code.TIME_WITHOUT_ZONE
    assert message == 'ts: "2014-05-13T16:53:20" has no time zone: end it with Z or an offset like +01:00'


def test_an_empty_batch_is_an_empty_batch() -> None:
    columns, faults = decode()
    assert not faults
    assert all(values == [] for values in columns.values())
