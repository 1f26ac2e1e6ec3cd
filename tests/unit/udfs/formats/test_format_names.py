"""The table of formats that contracts read, and the classes that decode them, agree."""

from __future__ import annotations

import json

import pytest

from headrace_udfs.contract import Contract
from headrace_udfs.format_names import FORMAT_FACTS
from headrace_udfs.formats import FORMATS
from headrace_udfs.formats.protobuf_schema import compiled_texts
from headrace_udfs.messages import Messages
from headrace_udfs.schemas import GivenSchemas

READING = {
    "type": "record",
    "name": "Reading",
    "fields": [{"name": "tag", "type": "string"}, {"name": "ts", "type": "long"}],
}


PROTO = 'syntax = "proto3"; message Reading { string tag = 1; int64 ts = 2; }'


PATHS = {
    "text": (".", None),
    "influx": ("tags.tag", "time"),
    "hl7": ("PID.3", "OBR.7"),
    "sparkplug_b": ("uuid", "timestamp"),
}


def contract(name: str) -> Contract:
    tag, ts = PATHS.get(name, ("tag", "ts"))
    schema = {"schema": "reading.proto", "message": "Reading"} if FORMAT_FACTS[name].compiled else {}
    made = Contract.model_validate(
        {
            **schema,
            "description": "Readings of a pump.",
            "topic": "pump.readings",
            "format": name,
            "fields": {"tag": {"path": tag, "type": "string", "required": True}},
            "time": {"path": ts, "unit": "epoch_ms"} if ts else {"from": "record_time"},
            "key": "tag",
        }
    )
    return made.with_schema(compiled_texts(PROTO, {})) if schema else made


def test_every_format_has_its_facts_and_its_class() -> None:
    assert list(FORMAT_FACTS) == list(FORMATS)


@pytest.mark.parametrize("name", FORMATS)
def test_the_facts_of_a_format_are_those_of_its_class(name: str) -> None:
    facts, reads = FORMAT_FACTS[name], contract(name)
    decoded = FORMATS[name](reads, GivenSchemas({1: json.dumps(READING)})).decode(Messages([None]))
    assert (decoded.message is not None) == facts.many == reads.many
    assert reads.registered == facts.registered
    if facts.registered:
        with pytest.raises(ValueError, match="no schema registry"):
            FORMATS[name](reads, None)
    else:
        FORMATS[name](reads, None)
