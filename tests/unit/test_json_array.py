"""Messages of many readings, in bytes and as a pipeline's lists."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace_udfs.contract import Contract
from headrace_udfs.faults import Code
from headrace_udfs.formats.json import JsonFormat
from headrace_udfs.formats.json_array import JsonArrayFormat
from headrace_udfs.pipeline import Pipeline

CONTRACT = Contract.model_validate(
    {
        "description": "d",
        "topic": "t",
        "format": "json_array",
        "fields": {"tag": {"type": "string", "required": True}, "value": {"type": "double"}},
        "time": {"path": "ts", "unit": "epoch_ms"},
        "key": "tag",
    }
)
GOOD = b'{"tag":"a","ts":1388534400000,"value":1}'

readings = st.one_of(
    st.just(GOOD),
    st.sampled_from([b'{"tag":1}', b"NaN", b"null", b"[]", b'"\xff"', b'{"tag":"a","tag":"a"}', b"{"]),
    st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists, max_leaves=5).map(
        lambda value: json.dumps(value).encode()
    ),
)


@pytest.mark.parametrize(
    ("payload", "codes"),
    [
        (b"[" + GOOD + b" , " + GOOD + b"]", [None, None]),
        (b"[" + GOOD + b',{"tag":null},' + GOOD + b"]", [None, Code.NULL_FIELD, None]),
        (b"[]", [Code.NO_READINGS]),
        (GOOD, [Code.NOT_AN_ARRAY]),
        (b"[1", [Code.NOT_JSON]),
        (b"", [Code.EMPTY_PAYLOAD]),
        (None, [Code.NULL_PAYLOAD]),
        (b"[" * 20_000 + b"]" * 20_000, [Code.NESTED_TOO_DEEP]),
        (b"[" + b" " * 2**20 + b"]", [Code.PAYLOAD_TOO_LARGE]),
    ],
)
def test_a_bad_reading_costs_itself_and_a_bad_array_the_message(
    payload: bytes | None, codes: list[Code | None]
) -> None:
    decoded = JsonArrayFormat(CONTRACT).decode([payload])
    assert [decoded.faults[i].code if i in decoded.faults else None for i in range(len(codes))] == codes
    assert decoded.message is not None
    assert decoded.message.tolist() == [0] * len(codes)


@given(st.lists(st.lists(readings, max_size=4), max_size=5))
def test_readings_are_decoded_as_if_each_were_a_message(messages: list[list[bytes]]) -> None:
    decoded = JsonArrayFormat(CONTRACT).decode([b"[" + b",".join(message) + b"]" for message in messages])
    assert decoded.message is not None
    assert sorted(set(decoded.message.tolist())) == list(range(len(messages)))
    for n, message in enumerate(messages):
        rows = [i for i, m in enumerate(decoded.message.tolist()) if m == n]
        if len(rows) == len(message):
            alone = JsonFormat(CONTRACT).decode(message)
            told = [decoded.faults[i].code for i in rows if i in decoded.faults]
            assert told == [alone.faults[i].code for i in sorted(alone.faults)]


@given(st.binary(max_size=60))
def test_no_payload_raises(payload: bytes) -> None:
    decoded = JsonArrayFormat(CONTRACT).decode([payload])
    assert decoded.message is not None
    assert len(decoded.message) >= 1


def test_a_pipeline_gives_a_list_a_message_numbered_from_0() -> None:
    pipeline = Pipeline(CONTRACT)
    pipeline.open(lambda _name, _count: None)
    rows = pipeline.run([b"[" + GOOD + b"," + GOOD + b"]", None, b"[" + GOOD + b"]"]).to_pylist()
    assert [row["src_index"] for row in rows] == [[0, 1], [0], [0]]
    assert [row["tag"] for row in rows] == [["a", "a"], [None], ["a"]]
    assert [row["err_code"] for row in rows] == [[None, None], ["null_payload"], [None]]
