"""Messages of other encoders, in formats that no preset has, are read as what they were written from."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
import yaml

from headrace_udfs.contract import Contract
from headrace_udfs.decode import Decoder
from headrace_udfs.messages import Messages
from support.payloads import golden

CONTRACTS = {
    "hl7_v2": """
        format: hl7
        rows: OBX[]
        fields:
          tag: {join: [^.PID.3.1, "3.1"], type: string, required: true}
          value: {path: "5", type: double, types: [number, string]}
          text: {path: "5", type: string, types: [string]}
        time: {path: "14", format: "%Y%m%d%H%M%S.%f%z"}
        quality: {path: "11", mapping: names, names: {F: good, P: uncertain, X: bad}}
    """,
    "cloudevents": """
        format: json
        envelope: cloudevents
        fields:
          tag: {join: [source, subject], separator: /, type: string, required: true}
          value: {path: data.value, type: double, types: [number, boolean]}
          text: {path: data.value, type: string, types: [string]}
        time: {path: time, unit: iso8601}
    """,
}


@pytest.mark.parametrize("folder", CONTRACTS)
def test_golden_messages_are_read(folder: str) -> None:
    base = {"description": "Golden messages.", "topic": "plant.golden", "key": "tag"}
    decoder = Decoder(Contract.model_validate({**base, **yaml.safe_load(CONTRACTS[folder])}), clock=lambda: 1.8e9)
    read = 0
    for each in golden(folder):
        record = each.record
        messages = Messages([record.value], keys=[record.key], headers=[record.headers or ()], topics="plant.golden")
        decoded = decoder.decode(messages)
        assert decoded.faults == {}, each.name
        columns = {name: array.to_pylist() for name, array in decoded.columns.items()}
        assert columns["tag"] == [reading["tag"] for reading in each.readings]
        for i, reading in enumerate(each.readings):
            assert _value(columns, i) == reading["value"], each.name
            assert columns["ts"][i] == datetime.fromisoformat(reading["ts"]).replace(tzinfo=None)
            read += 1
    assert read >= 5


def _value(columns: dict[str, list[Any]], row: int) -> Any:
    value, text = columns["value"][row], columns["text"][row]
    return text if value is None else value
