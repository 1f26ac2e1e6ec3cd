"""JSON that is decoded one payload at a time gives the values of each, or the code of its fault."""

from __future__ import annotations

import time
from typing import Any

import pyarrow as pa
import pytest

from headrace_udfs.contract import Contract
from headrace_udfs.faults import Code, Refused
from headrace_udfs.formats.document_format import DocumentFormat, JsonParser
from headrace_udfs.messages import Messages

CONTRACT = Contract.model_validate(
    {
        "description": "Readings of a pump.",
        "topic": "pump.readings",
        "fields": {
            "tag": {"type": "string", "required": True},
            "value": {"type": "double", "path": "v.x"},
            "count": {"type": "long"},
            "on": {"type": "boolean"},
        },
        "time": {"path": "ts", "unit": "epoch_ms"},
        "key": "tag",
    }
)
MICROS = CONTRACT.model_copy(update={"time": CONTRACT.time.model_copy(update={"unit": "epoch_us"})})


def decode(payload: bytes | None, contract: Contract = CONTRACT) -> dict[str, Any]:
    decoded = DocumentFormat(contract, JsonParser()).decode(Messages([payload]))
    if decoded.faults:
        raise Refused(*decoded.faults[0])
    values = {name: array[0] for name, array in decoded.columns.items()}
    values["ts"] = values["ts"].cast(pa.int64())
    return {name: value.as_py() for name, value in values.items() if value.is_valid}


def fields(text: str) -> bytes:
    """A payload that is good up to the fields in `text`."""
    return b'{"tag":"a","ts":1400000000000,' + text.encode() + b"}"


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ('"v":{"x":1.5}', {"value": 1.5}),
        ('"v":{"x":3}', {"value": 3.0}),
        ('"v":{"x":-9007199254740992}', {"value": -(2.0**53)}),
        ('"v":{"x":1e300}', {"value": 1e300}),
        ('"v":{"x":1e-400}', {"value": 0.0}),
        ('"v":{"x":null}', {}),
        ('"v":null', {}),
        ('"v":{}', {}),
        ('"v":{"y":[1,{"z":2}]}', {}),
        ('"count":9223372036854775807', {"count": 2**63 - 1}),
        ('"count":-9223372036854775808', {"count": -(2**63)}),
        ('"count":3.0', {"count": 3}),
        ('"count":1e3', {"count": 1000}),
        ('"on":true', {"on": True}),
        ('"unknown":1e400', {}),
        ('"unknown":"\\ud800"', {}),
    ],
)
def test_a_good_payload_gives_its_values(text: str, values: dict[str, Any]) -> None:
    assert decode(fields(text)) == {"tag": "a", "ts": 1_400_000_000_000_000, **values}


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (None, Code.NULL_PAYLOAD),
        (b"", Code.EMPTY_PAYLOAD),
        (b" \r\n\t", Code.EMPTY_PAYLOAD),
        (b'{"tag":"\xff","ts":1}', Code.NOT_UTF8),
        (b'{"tag":"a","ts":1,"unknown":"\xed\xa0\x80"}', Code.NOT_UTF8),
        (b'\xef\xbb\xbf{"tag":"a","ts":1}', Code.NOT_JSON),
        (b"{", Code.NOT_JSON),
        (b"\x00", Code.NOT_JSON),
        (b'{"tag":"a","ts":1}}', Code.NOT_JSON),
        (b'{"tag":"a","ts":1} {"tag":"b","ts":2}', Code.NOT_JSON),
        (b'{"tag":"a\nb","ts":1}', Code.NOT_JSON),
        (b"{'tag':'a','ts':1}", Code.NOT_JSON),
        (b'{"tag":"a","ts":01}', Code.NOT_JSON),
        (b'{"tag":"a","ts":1,}', Code.NOT_JSON),
        (b"[]", Code.NOT_AN_OBJECT),
        (b"null", Code.NOT_AN_OBJECT),
        (b'"tag"', Code.NOT_AN_OBJECT),
        (b"NaN", Code.NAN),
        (b'{"tag":"a","tag":"a","ts":1}', Code.DUPLICATE_KEY),
        (b'{"tag":"a","t\\u0061g":"a","ts":1}', Code.DUPLICATE_KEY),
        (b'{"ts":1}', Code.MISSING_FIELD),
        (b'{"tag":null,"ts":1}', Code.NULL_FIELD),
        (b'{"tag":7,"ts":1}', Code.WRONG_TYPE),
        (b'{"tag":"\\ud800","ts":1}', Code.NOT_UTF8),
        (b'{"tag":"a"}', Code.TIME_MISSING),
        (b'{"tag":"a","ts":null}', Code.TIME_MISSING),
        (b'{"tag":"a","ts":"2014-01-01T00:00:00Z"}', Code.TIME_INVALID),
        (b'{"tag":"a","ts":true}', Code.TIME_INVALID),
        (b'{"tag":"a","ts":1e400}', Code.NUMBER_OVERFLOW),
        (b'{"tag":"a","ts":' + b"9" * 400 + b"}", Code.TIME_AFTER_BOUNDS),
        (b'{"tag":"a","ts":-' + b"9" * 400 + b"}", Code.TIME_BEFORE_BOUNDS),
        (b'{"tag":"a","ts":' + b"9" * 5000 + b"}", Code.INTEGER_TOO_LARGE),
        (fields('"v":{"x":NaN}'), Code.NAN),
        (fields('"v":{"x":Infinity}'), Code.INFINITY),
        (fields('"v":{"x":-Infinity}'), Code.INFINITY),
        (fields('"unknown":[NaN]'), Code.NAN),
        (fields('"v":{"x":1e400}'), Code.NUMBER_OVERFLOW),
        (fields('"v":{"x":9007199254740993}'), Code.INTEGER_TOO_LARGE),
        (fields('"v":{"x":true}'), Code.WRONG_TYPE),
        (fields('"v":{"x":"1.5"}'), Code.WRONG_TYPE),
        (fields('"v":[1]'), Code.WRONG_TYPE),
        (fields('"v":{"x":1,"x":2}'), Code.DUPLICATE_KEY),
        (fields('"unknown":[{"x":1,"x":2}]'), Code.DUPLICATE_KEY),
        (fields('"count":1.5'), Code.WRONG_TYPE),
        (fields('"count":1e400'), Code.NUMBER_OVERFLOW),
        (fields('"count":1e18'), Code.INTEGER_TOO_LARGE),
        (fields('"count":9223372036854775808'), Code.INTEGER_TOO_LARGE),
        (fields('"on":1'), Code.WRONG_TYPE),
        (fields('"on":"true"'), Code.WRONG_TYPE),
    ],
)
def test_a_bad_payload_gives_its_code(payload: bytes | None, code: Code) -> None:
    with pytest.raises(Refused) as refused:
        decode(payload)
    assert refused.value.fault.code is code


def test_a_time_in_whole_microseconds_has_no_fraction() -> None:
    assert decode(b'{"tag":"a","ts":1400000000000001}', MICROS)["ts"] == 1400000000000001
    for text, code in (
        (b"1.5", Code.TIME_INVALID),
        (b"9223372036854775808", Code.TIME_AFTER_BOUNDS),
        (b"-9223372036854775809", Code.TIME_BEFORE_BOUNDS),
    ):
        with pytest.raises(Refused) as refused:
            decode(b'{"tag":"a","ts":' + text + b"}", MICROS)
        assert refused.value.fault.code is code


@pytest.mark.parametrize(("depth", "good"), [(63, True), (64, False), (10_000, False)])
def test_at_most_64_levels_are_read(depth: int, good: bool) -> None:
    payload = fields('"unknown":' + "[" * depth + "]" * depth)
    if good:
        assert decode(payload)["tag"] == "a"
        return
    with pytest.raises(Refused, match=rf"{depth + 1:,} deep") as refused:
        decode(payload)
    assert refused.value.fault.code is Code.NESTED_TOO_DEEP


def test_brackets_inside_a_text_do_not_count_as_depth() -> None:
    assert decode(fields('"unknown":"' + '[{\\"' * 100 + '"'))["tag"] == "a"


@pytest.mark.parametrize("filler", [b"[", b'\\"', b'"', b"{", b'{"a":', b"9", b"-", b"\\", b" "])
def test_a_payload_of_a_megabyte_is_refused_quickly(filler: bytes) -> None:
    started = time.process_time()
    with pytest.raises(Refused):
        decode((b'{"tag":"a","unknown":' + filler * 2**20)[: 2**20])
    assert time.process_time() - started < 10


def test_a_payload_over_the_limit_is_not_read() -> None:
    with pytest.raises(Refused, match="more than 1,048,576 bytes; what follows byte 1,048,577") as refused:
        decode(b"[" * 10_000_000)
    assert refused.value.fault.code is Code.PAYLOAD_TOO_LARGE


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (fields('"v":{"x":"hot"}'), 'value: expected a number, found "hot"'),
        (fields('"v":[1]'), "value: 'v' is [1], expected an object"),
        (fields('"v":{"x":NaN}'), "value: NaN is not a JSON number; send null or leave the field out"),
        (fields('"u":[NaN]'), "outside the contract's fields: NaN is not a JSON number"),
        (b'{"tag":null,"ts":1}', "tag: a string is required, found null"),
        (b'{"ts":1}', "tag: required, but the payload has no 'tag'"),
        (b'{"tag":"a"}', "the time is missing (it is read from 'ts')"),
        (b'{"tag":"a","ts":1,"tag":"b"}', 'key "tag" occurs 2 times in one object'),
        (b'{"tag":' + b"[1,2]" * 1 + b',"ts":1}', "tag: expected a string, found [1, 2]"),
        (b'{"tag":"a" "ts":1}', "Expecting ',' delimiter at character 11"),
        (b'{"tag":"\xff"}', "byte 0xff at position 8: invalid start byte"),
    ],
)
def test_a_message_names_the_field_the_expected_and_the_actual_value(payload: bytes, message: str) -> None:
    with pytest.raises(Refused) as refused:
        decode(payload)
    assert message in refused.value.fault.message


def test_a_message_is_short_and_can_be_stored_whatever_the_payload() -> None:
    with pytest.raises(Refused) as refused:
        decode(b'{"tag":["' + b"\\ud800" * 1000 + b'"],"ts":1}')
    assert len(refused.value.fault.message.encode()) < 600
    assert "found [" in refused.value.fault.message
