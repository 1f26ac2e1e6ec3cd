"""Whatever documents a parser makes, each row is a reading or a letter, and nothing is raised."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace_udfs.contract import Contract
from headrace_udfs.faults import Code, Fault, Refused
from headrace_udfs.formats.document_format import DocumentFormat
from headrace_udfs.formats.documents import Documents
from headrace_udfs.messages import Message, Messages

FIELDS = """
  tag: {first: [tag, {from: key}], type: string, required: true, types: [string, number, boolean]}
  d: {path: v, type: double, types: [number, boolean]}
  t: {path: v, type: string, types: [string]}
  l: {path: l, type: long, types: [number, string]}
  b: {path: b, type: boolean, types: [boolean, string]}
  c: {path: c, type: double, types: [string], decimal: ","}
  s: {path: "a[0].x", type: timestamp}
  j: {join: [tag, {path: l, optional: true}], type: string}
"""
TIMES = (
    "{path: ts, unit: epoch_s, types: [number, string], nanos: n}",
    "{path: ts, unit: epoch_ns, types: [number, string]}",
    "{path: ts, unit: iso8601, zone: Europe/Berlin}", "{path: ts, format: ['%Y%m%d%H%M%S%z', '%Y%m%d'], zone: UTC}",
    "{first: [ts, {from: record_time}], unit: epoch_ms}",
)  # fmt: skip
QUALITIES = (
    "{path: q, mapping: opcua}", "{path: q, mapping: opcda}", "{path: q, mapping: names, others: bad}",
    "{path: v, mapping: pi}", "{path: q, mapping: siemens}",
)  # fmt: skip
ROWS = (None, "rows[]", "*", "{a, b}", "!{a}", "rows[].*", "*.rows[]")


@cache
def contract(rows: str | None, time: str, quality: str) -> Contract:
    text = f"fields:{FIELDS}time: {time}\nquality: {quality}\n"
    around = {"description": "d", "topic": "t", "key": "tag", "rows": rows}
    return Contract.model_validate({**around, **yaml.safe_load(text)})


contracts = st.builds(contract, st.sampled_from(ROWS), st.sampled_from(TIMES), st.sampled_from(QUALITIES))
odd = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(-(2**70), 2**70), st.floats(), st.binary(max_size=3),
    st.decimals(), st.text(st.characters(), max_size=3), st.text(st.characters(categories=["Cs"]), max_size=2),
    st.sampled_from(["1", "1,5", "nan", "-Infinity", "true", " 7 ", "20240101", "2024-01-01", "Good", "9" * 5000,
                     "1e999", 1_700_000_000, "1700000000", Decimal("1.5"), Decimal("sNaN"), Decimal("1e500"),
                     float("inf"), 2**53 + 1, {"Code": 5}, {"Symbol": "Bad"}, {"IsSystem": True},
                     Fault(Code.NAN, "NaN")]),
)  # fmt: skip
keys = st.sampled_from(["tag", "v", "l", "b", "c", "a", "x", "ts", "n", "q", "rows"])
documents = st.recursive(odd, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=7))
readings = st.dictionaries(keys, odd | st.lists(st.dictionaries(keys, odd, max_size=2), max_size=2))


class Given:
    """A parser of documents that are given by the value's number."""

    def __init__(self, given_: list[list[Any]]) -> None:
        self.given = given_

    def parse(self, message: Message) -> Documents:
        return self.given[int(message.value)]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(documents | readings, max_size=3), max_size=4), contracts)
def test_no_document_raises_and_each_message_is_accounted_for(given_: list[list[Any]], reads: Contract) -> None:
    reads = reads if reads.many else reads.model_copy(update={"format": "json_lines"})
    values = [str(i).encode() for i in range(len(given_))]
    messages = Messages(values, keys=[b"k", None, b"\xff", b""][: len(values)], times=np.full(len(values), 1))
    decoded = DocumentFormat(reads, Given(given_)).decode(messages)
    assert decoded.message is not None
    assert sorted({*decoded.message.tolist()}) == list(range(len(values)))
    assert decoded.message.tolist() == sorted(decoded.message.tolist())
    for name, array in decoded.columns.items():
        array.validate(full=True)
        assert len(array) == len(decoded.message), name
    for fault in decoded.faults.values():
        fault.message.encode()
    doubles = decoded.columns["d"]
    good = pa.array([i not in decoded.faults for i in range(len(doubles))], pa.bool_())
    assert np.isfinite(doubles.filter(good).drop_null().to_numpy()).all()


class Refusing:
    """A parser that refuses what is not one reading."""

    def parse(self, message: Message) -> Documents:
        if message.value == b"!":
            raise Refused(Code.NOT_CSV, "no")
        return [Fault(Code.WRONG_COLUMNS, "line 2"), {"tag": message.value.decode(), "ts": 1_700_000_000}]


def test_a_parser_refuses_a_message_or_one_document_of_several() -> None:
    text = "{fields: {tag: {type: string, required: true}}, time: {path: ts, unit: epoch_s}}"
    reads = Contract.model_validate(
        {"description": "d", "topic": "t", "key": "tag", "format": "json_lines", **yaml.safe_load(text)}
    )
    decoded = DocumentFormat(reads, Refusing()).decode(Messages([b"a", b"!", None, b"", b"b"]))
    assert decoded.message is not None
    assert decoded.message.tolist() == [0, 0, 1, 2, 3, 4, 4]
    assert {i: fault.code.value for i, fault in decoded.faults.items()} == {
        0: "wrong_columns", 2: "not_csv", 3: "null_payload", 4: "empty_payload", 5: "wrong_columns",
    }  # fmt: skip
    assert decoded.columns["tag"].to_pylist()[1::5] == ["a", "b"]


@pytest.mark.parametrize(
    ("value", "double", "whole"),
    [
        (Decimal("1.5"), 1.5, "wrong_type"),
        (Decimal("3.0"), 3.0, 3),
        (Decimal(2**53 + 1), 2.0**53, 2**53 + 1),
        (Decimal("1e500"), "number_overflow", "integer_too_large"),
        (Decimal("NaN"), "nan", "nan"),
        (float("inf"), "infinity", "infinity"),
        (2**63, "integer_too_large", "integer_too_large"),
        (-(2**63), "integer_too_large", -(2**63)),
        (b"1", "wrong_type", "wrong_type"),
        (2.0**53 + 2, 2.0**53 + 2, "integer_too_large"),
    ],
)
def test_a_number_is_stored_exactly_or_refused(value: Any, double: Any, whole: Any) -> None:
    for kind, expected in (("double", double), ("long", whole)):
        reads = Contract.model_validate(
            {"description": "d", "topic": "t", "key": "tag", "format": "influx",
             "fields": {"tag": {"constant": "a", "type": "string", "required": True},
                        "v": {"path": "fields.v", "type": kind}},
             "time": {"path": "time", "unit": "epoch_s"}}
        )  # fmt: skip
        decoded = DocumentFormat(reads, Given([[{"fields": {"v": value}, "time": 1_700_000_000}]])).decode(
            Messages([b"0"])
        )
        found = decoded.faults[0].code.value if decoded.faults else decoded.columns["v"].to_pylist()[0]
        assert found == expected, kind
