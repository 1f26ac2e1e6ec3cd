"""A reading in an array decodes like a separate message, and keeps its number and order."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace_udfs.contract import Contract
from headrace_udfs.faults import Code
from headrace_udfs.formats import FORMATS
from headrace_udfs.formats.json import JsonFormat
from headrace_udfs.messages import Messages
from headrace_udfs.pipeline import Pipeline

CONTRACT = Contract.model_validate(
    {
        "description": "Readings of a pump.",
        "topic": "pump.readings",
        "format": "json_array",
        "fields": {"tag": {"type": "string", "required": True}, "value": {"type": "double"}},
        "time": {"path": "ts", "unit": "epoch_ms"},
        "key": "tag",
        "max_bytes": 4096,
    }
)
GOOD = '{"tag":"a","value":1.5,"ts":1400000000000}'

readings = st.sampled_from(
    [
        GOOD,
        '{"tag":"a,]:\\u003a\\"","ts":1400000000000, "value" : 2 }',
        '{"tag":"a","ts":1400000000000,"o":[{"tag":[1,{}]}]}',
        '{"tag":"a","ts":1400000000000,"ts":1400000000000}',
        '{"tag":"a","ts":1,"o":1e400}',
        '{"ts":1}',
        "{}",
        "[]",
        "null",
        '"tag"',
    ]
)


@settings(deadline=None)
@given(st.lists(st.lists(readings, min_size=1, max_size=5), max_size=5), st.sampled_from([",", " , ", "\n,\t"]))
def test_a_reading_in_an_array_decodes_as_it_does_alone(messages: list[list[str]], comma: str) -> None:
    decoded = FORMATS["json_array"](CONTRACT, None).decode(
        Messages([f" [{comma.join(message)}] ".encode() for message in messages])
    )
    alone = JsonFormat(CONTRACT.model_copy(update={"format": "json"})).decode(
        Messages([text.encode() for message in messages for text in message])
    )
    assert decoded.message is not None
    assert decoded.message.tolist() == [i for i, message in enumerate(messages) for _ in message]
    assert decoded.faults == alone.faults
    good = pa.array([i not in decoded.faults for i in range(len(decoded.message))], pa.bool_())
    for name, column in alone.columns.items():
        assert decoded.columns[name].filter(good) == column.filter(good)


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (None, Code.NULL_PAYLOAD),
        (b" ", Code.EMPTY_PAYLOAD),
        (b"[ ]", Code.NO_READINGS),
        (b"{}", Code.NOT_AN_ARRAY),
        (GOOD.encode(), Code.NOT_AN_ARRAY),
        (b"[" + GOOD.encode(), Code.NOT_JSON),
        (b"[" + GOOD.encode() + b",]", Code.NOT_JSON),
        (b"[" + GOOD.encode() + b"][]", Code.NOT_JSON),
        (b"[" * 2000 + b"]" * 2000, Code.NESTED_TOO_DEEP),
        (b"[" + GOOD.encode() + b"]" + b" " * 4096, Code.PAYLOAD_TOO_LARGE),
    ],
)
def test_a_message_that_is_not_an_array_is_refused_as_a_whole(payload: bytes | None, code: Code) -> None:
    good = f"[{GOOD},{GOOD}]".encode()
    decoded = FORMATS["json_array"](CONTRACT, None).decode(Messages([good, payload, good]))
    assert {i: fault.code for i, fault in decoded.faults.items()} == {2: code}
    assert decoded.message is not None
    assert decoded.message.tolist() == [0, 0, 1, 2, 2]


def test_a_text_that_only_one_parser_rejects_is_accepted() -> None:
    payload = b'[{"tag":"a","ts":1400000000000,"o":"\\ud800"},' + GOOD.encode() + b"]"
    assert not FORMATS["json_array"](CONTRACT, None).decode(Messages([payload])).faults


def test_an_empty_batch_of_arrays_is_an_empty_batch() -> None:
    pipeline = Pipeline(CONTRACT)
    pipeline.open(lambda _name, _n: None)
    assert pipeline.run(Messages([])).batch.num_rows == 0


@pytest.mark.parametrize("item", [b"1", b"{}", b'{"t":1}', b'"\\ud800"'])
def test_half_a_megabyte_of_items_that_cannot_be_readings_is_one_fault(item: bytes) -> None:
    contract = CONTRACT.model_copy(update={"max_bytes": 2**20})
    payload = b"[" + b",".join([item] * (2**19 // (len(item) + 1))) + b"]"
    decoded = FORMATS["json_array"](contract, None).decode(Messages([payload, f"[{GOOD}]".encode()]))
    assert {at: fault.code for at, fault in decoded.faults.items()} == {0: Code.TOO_MANY_READINGS}


def test_the_shortest_readings_fill_a_message() -> None:
    shortest = {
        "time": {"path": "t", "unit": "epoch_ms"},
        "key": "k",
        "fields": {"k": {"type": "string", "required": True}},
    }
    contract = Contract.model_validate({**CONTRACT.model_dump(by_alias=True), **shortest, "max_bytes": 2**20})
    decoded = FORMATS["json_array"](contract, None).decode(
        Messages([b"[" + b",".join([b'{"k":"","t":0}'] * 60_000) + b"]"])
    )
    assert not decoded.faults
    assert len(decoded.columns["k"]) == 60_000


def test_up_to_a_thousand_items_each_have_a_fault_of_their_own() -> None:
    assert (
        len(FORMATS["json_array"](CONTRACT, None).decode(Messages([b"[" + b",".join([b"1"] * 1_000) + b"]"])).faults)
        == 1_000
    )
