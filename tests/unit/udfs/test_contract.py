"""A contract that contradicts itself, or that no message can satisfy, is refused when it is read, and says why."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from headrace_udfs.contract import Contract
from headrace_udfs.paths import JsonPath, JsonRowPath, shown

GOOD = """
rows: Messages[].Payload.*
fields:
  tag: {join: [^.^.id, {from: member}], type: string, required: true}
  value: {path: Value, type: double, types: [number]}
time: {path: ^.ts, unit: iso8601}
quality: {path: q, mapping: opcua}
"""


FLAT = "fields: {tag: {type: string, required: true}}\ntime: {path: ts, unit: iso8601}"


def contract(text: str, **changes: Any) -> Contract:
    return Contract.model_validate(
        {"description": "d", "topic": "umh.v1.line", "key": "tag", **yaml.safe_load(text), **changes}
    )


def fault(text: str, **changes: Any) -> str:
    with pytest.raises(ValidationError) as raised:
        contract(text, **changes)
    return " | ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in raised.value.errors())


def test_a_contract_with_rows_survives_its_way_to_a_worker() -> None:
    reads = contract(GOOD)
    assert pickle.loads(pickle.dumps(reads)) == reads  # noqa: S301 - pickled on the same line
    assert reads.many
    assert not reads.flat
    assert reads.rows == ("Messages", "[]", "Payload", "*")


def test_messages_without_rows_are_dead_letters_unless_the_contract_marks_them() -> None:
    assert contract(GOOD).markers == ()
    assert contract(GOOD, no_rows="mark").markers == ("no_readings",)
    assert contract(FLAT, format="csv", no_rows="mark").markers == ("no_readings",)
    assert "no_rows: " in (found := fault(FLAT, no_rows="mark"))
    assert "each message is one row" in found


def with_field(field: str) -> str:
    return GOOD.replace("fields:\n", f"fields:\n  x: {field}\n")


@pytest.mark.parametrize(
    ("field", "what"),
    [
        ("{from: key, path: a, type: string}", None),
        ("{from: header, header: a, match: 'x(.*)', type: long}", None),
        ("{from: index, out: 1, type: long}", None),
        ("{path: '^.units.{member}', type: string}", None),
        ("{from: topic, level: -1, type: string}", None),
        ("{path: ^.^.^.a, type: string}", "'^.^.^.a' leads out of the message: rows: repeats 2 times"),
        ("{from: member, out: 2, type: string}", "member leads out of the message"),
        ("{from: member, out: 1, type: string}", "the elements of an array have no names"),
        ("{from: index, type: long}", "the members of an object have no positions"),
        ("{path: 'units.{member}', type: string}", "'units.{member}' needs ^. first"),
        ("{from: topic, level: 4, type: string}", "level 4 is not in the topic's name, 'umh.v1.line'"),
        ("{from: topic, match: 'umh[.]v2[.](.*)', type: string}", "is not in the topic's name"),
        ("{from: topic, level: 0, type: string}", "the first level is 1"),
        ("{from: key, level: 1, type: string}", "level needs split"),
        ("{from: key, split: /, type: string}", "split needs a level"),
        ("{from: key, split: /, level: 1, match: '(a)', type: string}", "level and match both take a part"),
        ("{from: key, match: 'a', type: string}", "exactly one group"),
        ("{from: key, match: '(a)(b)', type: string}", "exactly one group"),
        ("{from: key, match: '(?:a)[(](b)', type: string}", None),
        ("{from: key, match: '(a', type: string}", "not a regular expression as RE2 reads it"),
        ("{from: header, type: string}", "from: header and header: NAME belong together"),
        ("{from: key, header: a, type: string}", "from: header and header: NAME belong together"),
        ("{from: topic, path: a, type: string}", "a topic has no path"),
        ("{path: a, constant: 1, type: long}", "path and constant are different places"),
        ("{join: [a], first: [b], type: string}", "join and first are different places"),
        ("{from: key, out: 1, type: string}", "out: is allowed only with"),
        ("{constant: 1, level: 1, split: /, type: long}", "there is none here"),
        ("{constant: 1.5, type: long}", "the constant 1.5 is not a long"),
        ("{constant: true, type: double}", "the constant True is not a double"),
        ("{constant: 5, type: long, range: [6, 7]}", "the constant 5 is outside its range"),
        ("{type: double, types: [number, string], decimal: ','}", None),
        ("{type: boolean, types: [number]}", "a boolean cannot be made of a number"),
        ("{type: string, decimal: ','}", "only a double or a long has a decimal sign"),
        ("{type: double, range: [.inf, null]}", "a bound is a number"),
        ("{type: double, range: [.nan, 1]}", "a bound is a number"),
        ("{type: long, range: [0, 9223372036854775808]}", "does not fit in a long"),
        ("{path: Value, type: string}", "'Value' is already read as 'x'; give both types:"),
        ("{path: Value, type: string, types: [string]}", None),
        ("{path: Value, type: long, types: [number]}", "'Value' of type number is taken by 'x', too"),
        ("{path: Value, type: string, types: [string, number]}", "'Value' of type number is taken by 'x', too"),
    ],
)
def test_a_field_that_cannot_be_read_is_refused(field: str, what: str | None) -> None:
    if what is None:
        contract(with_field(field))
    else:
        assert what in fault(with_field(field))


@pytest.mark.parametrize(
    ("time", "what"),
    [
        ("{from: record_time}", None),
        ("{first: [a, {from: record_time}], unit: iso8601}", None),
        ("{path: t.s, unit: epoch_s, nanos: t.n}", None),
        ("{path: t, format: '%Y%m%d%H%M%S', zone: Europe/Berlin}", None),
        ("{path: t, format: ['%Y%m%d%z', '%Y%m%d'], zone: UTC}", None),
        ("{path: t}", "it is not said how the time is written"),
        ("{first: [a, {from: record_time}]}", "it is not said how the time is written"),
        ("{unit: epoch_s}", "the time needs a place"),
        ("{constant: 5, unit: epoch_s}", "cannot be constant"),
        ("{from: record_time, unit: epoch_ms}", "record_time is in milliseconds by definition"),
        ("{path: t, unit: iso8601, format: '%Y%m%d%z'}", "unit and format both say"),
        ("{path: t, format: '%Y%m%d'}", "a format without %z needs a zone"),
        ("{path: t, format: '%Y%m%d%z', zone: UTC}", "leave zone out"),
        ("{path: t, unit: epoch_s, zone: UTC}", "an epoch time has no zone"),
        ("{path: t, unit: epoch_s, zone: Berlin}", "there is no time zone 'Berlin'"),
        ("{path: t, unit: epoch_ms, nanos: n}", "nanos are added to a time in epoch_s alone"),
        ("{path: t, unit: iso8601, types: [number]}", "types is for epoch times"),
        ("{path: t, unit: epoch_s, earliest: 2999-01-01T00:00:00Z}", "no time is valid"),
        ("{path: t, format: '%y%m%d%z'}", "%y is not a part of a time"),
        ("{path: t, format: '%Y%m%z'}", "a time needs a day"),
        ("{path: t, format: '%Y%m%d%j%z'}", "the day is said twice"),
        ("{path: t, format: '%Y%m%d %I:%M%z'}", "the hour is %H, or %I with %p"),
        ("{path: t, format: '%Y%m%d %H:%S%z'}", "needs the larger ones"),
        ("{path: t, format: '%Y%m%d%d%z'}", "%d occurs twice"),
        ("{path: Value, unit: epoch_s}", "'Value' is already read as 'value'"),
    ],
)
def test_a_time_that_cannot_be_read_is_refused(time: str, what: str | None) -> None:
    changed = {"time": yaml.safe_load(time)}
    if what is None:
        contract(GOOD, **changed)
    else:
        assert what in fault(GOOD, **changed)


@pytest.mark.parametrize(
    ("quality", "what"),
    [
        ("{path: Value, mapping: pi}", None),
        ("{path: Value, mapping: names, names: {off: bad}, others: good}", None),
        ("{path: q, mapping: names, names: {7: BadSensorFailure}, missing: GoodLocalOverride}", None),
        ("{mapping: opcua}", "the quality needs a place"),
        ("{path: q, mapping: opcua, others: bad}", "others: is allowed only with mapping: names"),
        ("{path: q, mapping: siemens, names: {a: good}}", "names: is allowed only with mapping: names"),
        ("{path: q, mapping: names, names: {a: BadOdd}}", "a StatusCode's name like BadSensorFailure"),
        ("{path: q, mapping: names, names: {true: good, 'TRUE': bad}}", "two names differ only in case"),
        ("{path: Value, mapping: opcda}", "'Value' is already read as 'value'"),
        ("{path: ^.ts, mapping: names}", "'^.ts' is already read as 'ts'"),
    ],
)
def test_a_quality_that_cannot_be_read_is_refused(quality: str, what: str | None) -> None:
    spec = yaml.safe_load(quality)
    if names := spec.get("names"):
        spec["names"] = {str(key).lower() if isinstance(key, bool) else str(key): v for key, v in names.items()}
    if what is None:
        contract(GOOD, quality=spec)
    else:
        assert what in fault(GOOD, quality=spec)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"rows": "Messages"}, "the path must end with []"),
        ({"rows": "Messages[].Payload"}, "the path must end with []"),
        ({"rows": "a[]b"}, "it is a path, like metrics[]"),
        ({"rows": None}, "leads out of the message: the contract has no rows:"),
        ({"format": "json_array"}, "json_array already says that the rows are []"),
        ({"topic": ["a", "a"]}, "'a' is listed twice"),
        ({"topic": ["a.*", "b"]}, "'a.*' cannot be the name of a topic"),
        ({"topic": []}, "write the name of a topic, a list of names, or"),
        ({"topic": {"pattern": "("}}, "'(' is not a regular expression (RE2)"),
        ({"topic": {"regex": "a"}}, "write the name of a topic, a list of names, or"),
    ],
)
def test_rows_and_topics_that_cannot_be_read_are_refused(changes: dict[str, Any], what: str) -> None:
    assert what in fault(GOOD, **changes)


def test_a_message_shorter_than_any_valid_one_is_refused_as_a_limit() -> None:
    flat = "{fields: {tag: {type: string, required: true}}, time: {path: ts, unit: epoch_ms}}"
    assert "a message with the required fields has at least" in fault(flat, max_bytes=5)
    contract(flat, max_bytes=len('{"tag":"","ts":0}'))


keys = st.text("ab. []*{}^", min_size=1, max_size=4).filter(lambda key: key not in ("^", "[]", "*", "!{}"))


@given(st.lists(keys, min_size=1, max_size=4))
def test_every_key_can_be_written_in_a_list(path: list[str]) -> None:
    assert TypeAdapter(JsonPath).validate_python(path) == tuple(path)
    rows = TypeAdapter(JsonRowPath).validate_python([*path, "[]", [path[0]]])
    assert rows == (*path, "[]", (path[0],))


@given(st.lists(st.sampled_from(["a", "b c", "[]", "*", ("x", "y")]), min_size=1, max_size=5))
def test_a_path_to_rows_is_shown_as_it_is_written(steps: list[Any]) -> None:
    text = shown(tuple(steps))
    try:
        read = TypeAdapter(JsonRowPath).validate_python(text)
    except ValidationError:
        assert not isinstance(steps[-1], tuple)
        assert steps[-1] not in ("[]", "*")
        return
    assert read == tuple(steps)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (
            "{format: csv, csv: {columns: [tag, ts]}}",
            "'value' leads to nothing: there is no 'value'; the columns are: tag, ts",
        ),
        ("{format: csv, fields: {value: {path: a.b}}}", "a cell of CSV has no parts"),
        ("{format: text}", "a text has no parts"),
        ("{format: influx}", "there is no 'tag'; the keys of a message are: measurement, tags, fields, time"),
        ("{format: sparkplug_b, rows: 'metric[]'}", "there is no 'metric'"),
        ("{format: hl7}", "a path in HL7 begins with a segment"),
        ("{format: csv, envelope: cloudevents, fields: {value: {path: data.a.b}}}", "a cell of CSV has no parts"),
    ],
)
def test_a_path_that_no_message_of_the_format_has_is_refused(text: str, what: str) -> None:
    given = yaml.safe_load(text)
    value = {"type": "double", **given.pop("fields", {}).get("value", {})}
    fields = {"tag": {"type": "string", "required": True}, "value": value}
    base = {"description": "d", "topic": "t", "time": {"path": "ts", "unit": "epoch_ms"}, "key": "tag"}
    with pytest.raises(ValidationError) as caught:
        Contract.model_validate({**base, "fields": fields, **given})
    assert what in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "{format: csv, csv: {columns: [tag, a.b, ts]}, fields: {value: {path: [a.b]}}}",
        "{format: csv, envelope: cloudevents, fields: {value: {path: data.v}}}",
        "{format: csv, rows: '!{ts}', fields: {tag: {from: member}, value: {path: .}},"
        " time: {path: ^.ts, unit: iso8601}}",
        "{format: hl7, rows: 'OBR[].OBX[]', fields: {tag: {path: '3.1'}, value: {path: '5'}},"
        " time: {path: ^.7, unit: iso8601}}",
        "{format: xml, rows: 'a.b[]'}",
    ],
)
def test_a_path_that_a_message_may_have_is_not_refused(text: str) -> None:
    given = yaml.safe_load(text)
    found = given.pop("fields", {})
    fields = {
        "tag": {"type": "string", "required": True, **found.get("tag", {})},
        "value": {"type": "double", **found.get("value", {})},
    }
    base = {"description": "d", "topic": "t", "time": {"path": "ts", "unit": "epoch_ms"}, "key": "tag"}
    assert Contract.model_validate({**base, "fields": fields, **given}).fields


def test_a_wide_row_may_have_more_members_than_a_path_has_keys() -> None:
    names = [f"k{i}" for i in range(200)]
    (step,) = TypeAdapter(JsonRowPath).validate_python("{" + ",".join(names) + "}")
    assert step == tuple(names)
    with pytest.raises(ValidationError, match="at most 32"):
        TypeAdapter(JsonRowPath).validate_python(".".join([*names, "*"]))
    with pytest.raises(ValidationError, match="quotation mark"):
        TypeAdapter(JsonRowPath).validate_python([["a", 'b"']])
