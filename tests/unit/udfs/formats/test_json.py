"""The fast JSON decoder agrees with the exact one on every payload: on what is good, the values, and the codes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace_udfs.contract import Contract
from headrace_udfs.faults import Code, Fault
from headrace_udfs.formats.base import Format
from headrace_udfs.formats.document_format import DocumentFormat, JsonParser
from headrace_udfs.formats.json import JsonFormat
from headrace_udfs.formats.json_leaves import leaves
from headrace_udfs.messages import Messages
from headrace_udfs.pipeline import Pipeline

TYPES = ("string", "double", "long", "boolean", "timestamp")
PATHS = ("a", "b:c", "é", "p.a", "p.b", "p.q.a", "p.q.b:", "x y", "tag")

TEXTS = (
    '""', '"a"', '"a:b"', '":"', '"é:"', '"\\""', '"\\u003a"', '"\\u003A:"', '"\\\\u003a"', '"\\ud83d\\ude00"',
    '"\\ud800"', '"\\udc00\\ud800"', '"\x01"', '"\x7f"', '"\\/"', '"\\x"', '"2014-01-01T00:00:00Z"', '"tag"', "'a'",
)  # fmt: skip
NUMBERS = (
    "0", "-0", "-0.0", "1", "1.5", "-7e2", "3.0", "1e3", "9007199254740991", "9007199254740992", "-9007199254740993",
    "9007199254740993.0", "1e16", "1e300", "1e400", "-1e400", "4.9e-324", "1e-400", "9223372036854775807",
    "-9223372036854775808", "9223372036854775808", "1e18", "1e19", "0.1", "123456789012345678901234567890.5e-10",
    "9" * 400, "9" * 5000, "01", "+1", "1.", ".5", "1e", "-", "0x1", "NaN", "Infinity", "-Infinity",
)  # fmt: skip
OTHERS = (
    "true", "false", "null", "{}", "[]", "[null]", '{"a":1,"a":2}', '{"a":{"a":1}}', '[":",{"b:c":1}]', '{"p":{"a":1}}',
    "[" * 63 + "]" * 63, "[" * 70 + "]" * 70, "[" * 2000 + "]" * 2000, "tru", "[1,]", "{,}", "",
)  # fmt: skip
SPOILS = (b"", b"\xff", b'"', b":", b"\\", b"{", b"}", b",", b"\n", b"\x00")
KEYS = (*PATHS, "ts", "q", "p", "\\u0070", "t\\u0061g", "b\\u003ac", "other", "")

literals = st.one_of(
    st.sampled_from(TEXTS),
    st.sampled_from(NUMBERS),
    st.sampled_from(OTHERS),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.integers().map(str),
    st.text(max_size=5).map(json.dumps),
)


def good_for(kind: str) -> st.SearchStrategy[str]:
    if kind in ("string", "timestamp"):
        return st.sampled_from(['"a"', '"a:b"', '"é"', '"2014-01-01T00:00:00Z"', '"\\n"', '""'])
    if kind == "word":
        return st.sampled_from(['"good"', '"a:b"', "true", "false", "0", "3", "192", "3.0", "null"])
    if kind == "boolean":
        return st.sampled_from(["true", "false"])
    if kind == "long":
        return st.integers(-(2**63), 2**63 - 1).map(str)
    return st.one_of(st.floats(-1e15, 1e15).map(repr), st.integers(-1000, 1000).map(str))


@st.composite
def contracts(draw: st.DrawFn) -> Contract:
    paths = draw(st.lists(st.sampled_from(PATHS[:-1]), unique=True, max_size=5))
    fields: dict[str, Any] = {"tag": {"type": "string", "required": True}}
    for number, path in enumerate(paths):
        kind, required = draw(st.sampled_from(TYPES)), draw(st.booleans())
        fields[f"f{number}"] = {"path": path, "type": kind, "required": required}
    unit = draw(st.sampled_from(["epoch_s", "epoch_ms", "epoch_us", "epoch_ns", "iso8601"]))
    values: dict[str, Any] = {
        "description": "generated",
        "topic": "t",
        "fields": fields,
        "time": {"path": draw(st.sampled_from(["ts", "p.ts"])), "unit": unit},
        "key": "tag",
        "max_bytes": 4096,
    }
    if draw(st.booleans()):
        mapping = draw(st.sampled_from(["opcda", "opcua", "names", "boolean", "siemens"]))
        values["quality"] = {"path": "q", "mapping": mapping}
    return Contract.model_validate(values)


@st.composite
def payloads(draw: st.DrawFn, contract: Contract) -> bytes | None:
    """Payloads that are good, good with additional keys, damaged by a few bytes, or not JSON at all."""
    spoilt = draw(st.integers(0, 9))
    if spoilt == 0:
        return draw(st.one_of(st.none(), st.binary(max_size=20), literals.map(lambda text: text.encode())))
    tree: dict[str, Any] = {}
    for leaf in leaves(contract):
        if not leaf.required and draw(st.booleans()):
            continue
        inner = tree
        for key in leaf.path[:-1]:
            inner = inner.setdefault(key, {})
        inner[leaf.path[-1]] = draw(literals if spoilt == 1 else good_for(leaf.kind))
    colon, comma = draw(st.sampled_from([(":", ","), (": ", ", "), (" :\n", " ,\r\t")]))

    def written(node: Any, top: bool) -> str:
        if isinstance(node, str):
            return node
        pairs = [(json.dumps(key, ensure_ascii=False)[1:-1], written(inner, False)) for key, inner in node.items()]
        if spoilt in (2, 3) and (top or draw(st.booleans())):
            extra = draw(literals if spoilt == 2 else st.sampled_from(["1", '":"', "null", "{}", '{"a":[1]}']))
            pairs.insert(draw(st.integers(0, len(pairs))), (draw(st.sampled_from(KEYS)), extra))
        return "{" + comma.join(f'"{key}"{colon}{value}' for key, value in draw(st.permutations(pairs))) + "}"

    text = written(tree, True).encode("utf-8", "surrogatepass")
    if spoilt == 4:
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(st.sampled_from(SPOILS)) + text[at + draw(st.integers(0, 2)) :]
    return text + b" " * 4096 if spoilt == 5 and draw(st.booleans()) else text


@st.composite
def batches(draw: st.DrawFn, contract: Contract) -> list[bytes | None]:
    """Payloads; one may be cut in two, and two may be one: the bytes are those of as many good ones."""
    batch = draw(st.lists(payloads(contract), max_size=12))
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, max(len(batch) - 1, 0)))
        for text in batch[at : at + 1]:
            cut = draw(st.integers(0, len(text or b"")))
            batch[at : at + 1] = [(text or b"")[:cut], (text or b"")[cut:]]
        at = draw(st.integers(0, max(len(batch) - 1, 0)))
        if all(pair := batch[at : at + 2]):
            batch[at : at + 2] = [draw(st.sampled_from([b"", b"\n"])).join(text or b"" for text in pair)]
    return batch


def outcomes(contract: Contract, format_: Format, batch: Sequence[bytes | None]) -> list[Any]:
    """The values or the fault of each payload."""
    decoded = format_.decode(Messages(batch))
    arrays = [decoded.columns[leaf.column] for leaf in leaves(contract)]
    columns = [(a.cast(pa.int64()) if pa.types.is_timestamp(a.type) else a).to_pylist() for a in arrays]
    assert all(len(column) == len(batch) for column in columns)
    return [
        decoded.faults[i] if i in decoded.faults else [repr(column[i]) for column in columns] for i in range(len(batch))
    ]


def exactly(contract: Contract, batch: Sequence[bytes | None]) -> list[Any]:
    exact = DocumentFormat(contract, JsonParser())
    return [outcome for payload in batch for outcome in outcomes(contract, exact, [payload])]


def in_bulk(contract: Contract, batch: Sequence[bytes | None]) -> list[Any]:
    return outcomes(contract, JsonFormat(contract), batch)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_fast_and_exact_agree_on_every_payload(data: st.DataObject) -> None:
    contract = data.draw(contracts())
    batch = data.draw(batches(contract))
    assert in_bulk(contract, batch) == exactly(contract, batch)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_no_payload_stops_the_pipeline(data: st.DataObject) -> None:
    contract = data.draw(contracts())
    batch = data.draw(batches(contract))
    pipeline = Pipeline(contract)
    pipeline.open(lambda _name, _n: None)
    rows = pipeline.run(Messages(batch)).batch
    rows.validate(full=True)
    refused = [isinstance(outcome, Fault) for outcome in exactly(contract, batch)]
    reported = rows["err_code"].is_valid().to_pylist()
    assert rows.num_rows == len(batch)
    assert all(is_reported for is_reported, is_refused in zip(reported, refused, strict=True) if is_refused)
    assert rows["err_msg"].is_valid().to_pylist() == rows["err_stage"].is_valid().to_pylist() == reported


PUMP = Contract.model_validate(
    {
        "description": "Readings of a pump.",
        "topic": "pump.readings",
        "fields": {
            "tag": {"type": "string", "required": True},
            "value": {"type": "double"},
            "text": {"type": "string"},
            "count": {"type": "long", "path": "n.count"},
        },
        "time": {"path": "ts", "unit": "epoch_ms"},
        "quality": {"path": "q", "mapping": "opcda"},
        "key": "tag",
        "max_bytes": 4096,
    }
)
GOOD = b'{"tag":"a","value":1.5,"ts":1400000000000,"q":192}'


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        pytest.param(b'{"tag":"a","ts":1,"ts":2}', Code.DUPLICATE_KEY, id="instead of a missing key"),
        pytest.param(b'{"tag":"a","tag":"b","ts":1,"value":1}', Code.DUPLICATE_KEY, id="instead of an object"),
        pytest.param(b'{"tag":"\\u003a","ts":1,"ts":2}', Code.DUPLICATE_KEY, id="behind an escaped colon"),
        pytest.param(b'{"tag":"\\u003A","o":1,"o":2,"ts":1}', Code.DUPLICATE_KEY, id="behind another escaped colon"),
        pytest.param(b'{"tag":":","o":":","o":":","ts":1}', Code.DUPLICATE_KEY, id="among colons in texts"),
        pytest.param(b'{"tag":"a","ts":1,"o":[{"b":1,"b":2}]}', Code.DUPLICATE_KEY, id="in a part that is not read"),
        pytest.param(b'{"tag":"a","ts":1,"n":{"count":1},"n":{}}', Code.DUPLICATE_KEY, id="of an object"),
        pytest.param(b'{"tag":"a","ts":1,"n":{"count":1,"count":1}}', Code.DUPLICATE_KEY, id="within an object"),
        pytest.param(b'{"tag":"a","ts":1,"o":' + b"[" * 70 + b"]" * 70 + b"}", Code.NESTED_TOO_DEEP, id="deep"),
        pytest.param(b'{"tag":"a","ts":1,"o":' + b'{"a":' * 70 + b"1" + b"}" * 71, Code.NESTED_TOO_DEEP, id="objects"),
        pytest.param(b'{"tag":"a","ts":1,"value":9007199254740993}', Code.INTEGER_TOO_LARGE, id="2^53 + 1"),
        pytest.param(b'{"tag":"a","ts":1,"n":{"count":9223372036854775808}}', Code.INTEGER_TOO_LARGE, id="2^63"),
        pytest.param(b'{"tag":"a","ts":1,"o":"\xff"}', Code.NOT_UTF8, id="not UTF-8 in a part that is not read"),
        pytest.param(b'{"tag":"a","ts":1,"o":NaN}', Code.NAN, id="NaN in a part that is not read"),
        pytest.param(b'{"tag":"a","ts":1}\n' + GOOD, Code.NOT_JSON, id="two in one"),
        pytest.param(b'{"tag":"a","ts":1}' + b" " * 4096, Code.PAYLOAD_TOO_LARGE, id="padded"),
    ],
)
def test_a_fault_among_good_payloads_is_found(payload: bytes, code: Code) -> None:
    for batch in ([payload], [payload, *[GOOD] * 600], [*[GOOD] * 300, payload, *[GOOD] * 300]):
        faults = JsonFormat(PUMP).decode(Messages(batch)).faults
        assert {i: fault.code for i, fault in faults.items()} == {batch.index(payload): code}


def test_the_end_of_one_payload_and_the_beginning_of_the_next_are_no_object() -> None:
    cut_in_a_text = [b'{"tag":"}', b'{","ts":1}', GOOD + GOOD]
    cut_after_an_object = [b'{"tag":"a","ts":1,"o":{}', b'{"p":1}}', GOOD + GOOD]
    cut_in_an_array = [b'{"tag":"a","ts":1,"o":[{}', b"{}]}", GOOD + b"\n" + GOOD]
    for batch in (cut_in_a_text, cut_after_an_object, cut_in_an_array):
        assert JsonFormat(PUMP).decode(Messages(batch)).faults.keys() == {0, 1, 2}
        assert JsonFormat(PUMP).decode(Messages([*batch, GOOD])).faults.keys() == {0, 1, 2}


@pytest.mark.parametrize("space", [b"", b"\n", b"\r\n", b" \t\r\n", b"  "])
def test_white_space_around_a_payload_changes_nothing(space: bytes) -> None:
    for payload in (space + GOOD, GOOD + space, space + GOOD + space):
        decoded = JsonFormat(PUMP).decode(Messages([payload, GOOD] * 300))
        assert not decoded.faults
        assert decoded.columns["value"].to_pylist() == [1.5] * 600


def test_colons_of_one_payload_do_not_make_up_for_those_of_another() -> None:
    batch = [b'{"tag":"::::","ts":1}', b'{"tag":"a","ts":1,"ts":2}', b'{"tag":"a","ts":1,"text":"::"}']
    assert JsonFormat(PUMP).decode(Messages(batch)).faults.keys() == {1}


def test_bad_payloads_among_ten_thousand_affect_no_other() -> None:
    batch: list[bytes | None] = [b'{"tag":"t%d","value":%d,"ts":1400000000000,"q":192}' % (i, i) for i in range(10_000)]
    bad = {0: None, 17: b"", 255: b"{", 256: b'{"tag":"a","ts":1,"ts":1}', 5000: b"[" * 5000, 9999: b"\xff"}
    for i, payload in bad.items():
        batch[i] = payload
    decoded = JsonFormat(PUMP).decode(Messages(batch))
    assert decoded.faults.keys() == bad.keys()
    expected = [None if i in bad else float(i) for i in range(10_000)]
    assert decoded.columns["value"].to_pylist() == expected


@pytest.mark.parametrize("extra", [b"", b',"seq":7,"src":{"a":[":"]}', b',"text":"a\\"\\u00e9"', b',"o":"\\u003a"'])
def test_additional_keys_change_nothing(extra: bytes) -> None:
    payload = GOOD[:-1] + extra + b"}"
    decoded = JsonFormat(PUMP).decode(Messages([payload] * 300))
    assert not decoded.faults
    assert decoded.columns["value"].to_pylist() == [1.5] * 300


def test_an_empty_batch_has_its_columns() -> None:
    decoded = JsonFormat(PUMP).decode(Messages([]))
    assert [len(column) for column in decoded.columns.values()] == [0] * 6
