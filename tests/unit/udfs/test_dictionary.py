"""Names that come with the stream: what workers hand on, and the reference of what SQL makes of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from headrace_udfs import dictionary
from headrace_udfs.contract import Contract
from headrace_udfs.dictionary import BITS, WIDTH, Names
from headrace_udfs.faults import Code, Fault
from headrace_udfs.formats import parse_sparkplug_b, sparkplug_b_schema
from headrace_udfs.messages import Messages
from headrace_udfs.packs import packed
from headrace_udfs.pipeline import Pipeline
from headrace_udfs.streams import Streams

FIELDS: dict[str, Any] = {
    "tag": {"path": "name", "type": "string", "required": True},
    "value": {"path": "value", "type": "double"},
    "node": {"from": "key", "type": "string"},
    "alias": {"type": "long"},
    "datatype": {"type": "string"},
}
KEYS: dict[str, Any] = {
    "description": "Metrics.",
    "topic": "plant.sparkplug",
    "format": "sparkplug_b",
    "rows": "metrics[]",
    "fields": FIELDS,
    "time": {"from": "record_time"},
    "key": "tag",
    "dictionary": {"by": ["node", "alias"], "gives": ["tag", "datatype"]},
}
CONTRACT = Contract.model_validate(KEYS)
T = 1_764_000_000_000


def row(
    tag: str | None, alias: int | None, datatype: str | None = None, node: str = "E", bits: int | None = None
) -> dict[str, Any]:
    open_ = {BITS: bits, WIDTH: None if bits is None else 32}
    return {"tag": tag, "value": None, "node": node, "alias": alias, "datatype": datatype, **open_}


def tag_of(found: dict[str, Any] | Fault) -> Any:
    return found.code if isinstance(found, Fault) else found["tag"]


@given(
    st.sampled_from([each.name for each in dictionary.INTEGER_TYPES]),
    st.sampled_from([("int_value", 32), ("long_value", 64)]),
    st.integers(0, 64),
    st.integers(-2, 2),
)
def test_a_number_whose_type_is_learned_is_what_it_is_with_its_type(
    datatype: str, field: tuple[str, int], power: int, more: int
) -> None:
    kind, width = field
    value = min(max((1 << power) + more, 0), (1 << width) - 1)
    for each in (value, (1 << width) - 1 - value):
        found = parse_sparkplug_b.typed(kind, each, datatype)
        expected = None if found is parse_sparkplug_b.NO_VALUE or found >= 1 << 63 else found
        bits = each - (1 << 64) if each >= 1 << 63 else each
        assert dictionary.typed(bits, width, datatype) == expected


ROWS = st.lists(
    st.builds(
        row,
        st.sampled_from([None, None, "A", "B"]),
        st.sampled_from([None, 1, 2]),
        st.sampled_from([None, "Int8", "Double"]),
        node=st.sampled_from(["E", "F"]),
    ),
    max_size=20,
)


def id_of(each: dict[str, Any]) -> tuple[Any, ...]:
    return each["node"], each["alias"], each["tag"] if each["alias"] is None else None


@given(ROWS)
def test_name_and_type_are_the_last_ones_of_an_id(rows: list[dict[str, Any]]) -> None:
    names = Names(CONTRACT)
    for i, each in enumerate(rows):
        if each["tag"] is None and each["alias"] is None:
            continue  # refused by the worker
        told = [other for other in rows[: i + 1] if id_of(other) == id_of(each) and other["tag"]]
        found = names.resolve(each, 0)
        assert tag_of(found) == (told[-1]["tag"] if told else Code.UNKNOWN_ALIAS)
        typed = [other for other in told if other["datatype"]]
        if not isinstance(found, Fault):
            last = typed[-1]["datatype"] if typed and typed[-1]["tag"] == found["tag"] else None
            assert found["datatype"] == (each["datatype"] or last)


def test_a_name_from_another_partition_is_refused() -> None:
    names = Names(CONTRACT)
    assert tag_of(names.resolve(row("Speed", 1, "Double"), 2)) == "Speed"
    found = names.resolve(row(None, 1), 0)
    assert isinstance(found, Fault)
    assert found == (
        Code.OTHER_PARTITION,
        "the name of node E, alias 1 came in partition 2, so its order to this reading is open",
    )
    assert tag_of(names.resolve(row("Speed", 1), 0)) == "Speed"  # the node moved: its birth came here
    assert tag_of(names.resolve(row(None, 1), 0)) == "Speed"


def test_a_type_goes_with_its_name() -> None:
    names = Names(CONTRACT)
    names.resolve(row("Speed", 1, "Int8"), 0)
    found = names.resolve(row(None, 1, bits=244), 0)
    assert not isinstance(found, Fault)
    assert found["value"] == -12.0
    names.resolve(row("Count", 1), 0)
    assert tag_of(names.resolve(row(None, 1, bits=244), 0)) == Code.UNKNOWN_DATATYPE


def payload(*metrics: dict[str, Any]) -> bytes:
    from google.protobuf.message_factory import GetMessageClass  # noqa: PLC0415

    message = GetMessageClass(sparkplug_b_schema.payload())()
    for each in metrics:
        message.metrics.add(**each)
    return bytes(message.SerializeToString())


def good_rows(*payloads: bytes, key: bytes = b"E") -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    pipeline = Pipeline(CONTRACT)
    pipeline.open(lambda _name, _n: None)
    n = len(payloads)
    messages = Messages(payloads, keys=[key] * n, topics="plant.sparkplug", times=np.full(n, T))
    found = Streams(pipeline).of([packed(0, np.arange(n), messages)])
    return tuple(  # type: ignore[return-value]
        [r for each in stream if each for r in pa.ipc.open_stream(each).read_all().to_pylist()]
        for stream in (found.good, found.letters)
    )


def test_workers_hand_on_names_of_bad_readings_and_bytes_of_what_may_become_a_letter() -> None:
    birth = payload(
        {"name": "Serial", "alias": 1, "datatype": 8, "long_value": 2**63}, {"name": "X", "double_value": 1}
    )
    data = payload({"alias": 1, "int_value": 5}, {"alias": 2, "double_value": 1})
    found, letters = good_rows(birth, data, payload({"double_value": 1}))
    assert [(r["tag"], r["src_offset"], r["src_refused"], r["src_payload"]) for r in found] == [
        ("Serial", 0, True, None),
        ("X", 0, False, None),
        (None, 1, False, data),
        (None, 1, False, None),
    ]
    assert [(r["src_offset"], r["err_code"]) for r in letters] == [(0, "integer_too_large"), (2, "missing_field")]
    assert letters[1]["err_msg"] == "tag: required, but the row has none, and no node and alias"


def test_a_row_without_its_name_needs_the_whole_id() -> None:
    pipeline = Pipeline(CONTRACT)
    pipeline.open(lambda _name, _n: None)
    messages = Messages([payload({"alias": 1, "double_value": 1})], keys=[None], topics="t", times=np.array([T]))
    (letters,) = Streams(pipeline).of([packed(0, np.arange(1), messages)]).letters
    assert pa.ipc.open_stream(letters).read_all().column("err_code").to_pylist() == ["missing_field"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dictionary": {"by": ["nodes"], "gives": ["tag"]}}, "'nodes' is not a field; the fields are: tag, value"),
        ({"dictionary": {"by": ["node", "tag"], "gives": ["tag"]}}, "'tag' is both in by and in gives"),
        ({"dictionary": {"by": ["alias"], "gives": ["datatype"]}}, "gives does not have the key; add tag"),
        ({"dictionary": {"by": ["node"], "gives": ["tag", "alias"]}}, "'alias' is of type long, but only strings"),
        ({"dictionary": {"by": [], "gives": ["tag"]}}, "at least 1 item"),
        ({"fields": {**FIELDS, "datatype": {"type": "string", "required": True}}}, "'datatype' cannot be required"),
        (
            {"fields": {**FIELDS, "value": {"type": "double", "range": [0, 1]}}},
            "'value' has range: the type of a number",
        ),
        ({"fields": {**FIELDS, "value": {"type": "double", "required": True}}}, "'value' has required"),
        ({"fields": {**FIELDS, "value": {"type": "double", "first": ["value", "x"]}}}, "reads it at path: value alone"),
    ],
)
def test_a_dictionary_that_cannot_work_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Contract.model_validate({**KEYS, **change})


def test_steps_that_need_the_name_are_refused() -> None:
    from headrace_udfs.steps import STEPS  # noqa: PLC0415

    with pytest.raises(ValueError, match=r"'enrich' runs before the names of 'plant\.sparkplug' are known"):
        Pipeline(CONTRACT, [STEPS["enrich"]()])
