"""A contract with secrets: what is stored of a message, good or bad, has no value that it was to hide."""

from __future__ import annotations

import json
from typing import Any

import cloudpickle
import numpy as np
import pyarrow as pa
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from headrace_udfs import sealed
from headrace_udfs.contract import Contract
from headrace_udfs.high_water import HighWater
from headrace_udfs.key_ring import BadKey, KeyRing
from headrace_udfs.messages import Messages
from headrace_udfs.packs import packed
from headrace_udfs.pipeline import Pipeline
from headrace_udfs.reader_watermark import ReaderWatermark
from headrace_udfs.streams import Streamed, Streams

RING = KeyRing({"patients": {1: "a" * 32, 2: "b" * 32}})
CLINIC = """
description: Observations of patients
topic: clinic.observations
key: patient
fields:
  patient: {type: string, required: true, secret: {hash: patients}}
  name: {type: string, required: true, secret: drop}
  birth_date: {type: string, secret: {truncate: year}}
  admitted: {type: string, secret: {shift: patients, by: patient, days: 30}}
  postcode: {type: string, secret: {first: 2}}
  address: {type: string, secret: {prefix: 24}}
  age: {type: long, range: [0, 120], secret: {step: 10}}
  value: {type: double}
time: {path: ts, unit: epoch_ms}
payload: {dead_letters: encrypt, late_readings: encrypt, key: patients}
"""
MESSAGE: dict[str, Any] = {
    "patient": "P-4711",
    "name": "Miller",
    "birth_date": "1980-03-12",
    "admitted": "2024-05-06",
    "postcode": "20095",
    "address": "10.20.30.40",
    "age": 44,
    "value": 36.6,
    "ts": 1_700_000_000_000,
}
SECRETS = ("P-4711", "Miller", "03-12", "2024-05-06", "20095", "30.40", "44")


def contract(**changes: Any) -> Contract:
    return Contract.model_validate({**yaml.safe_load(CLINIC), **changes})


def streamed(contract: Contract, *messages: object, late: bool = False) -> Streamed:
    pipeline = Pipeline(contract, key_ring=RING)
    pipeline.open(lambda _name, _n: None)
    values = [each if isinstance(each, bytes) else json.dumps(each).encode() for each in messages]
    offsets = np.arange(len(values))
    watermark = ReaderWatermark(HighWater(1, 1), 0) if late else None
    packs = [
        packed(0, np.array([n]), Messages([value], topics="t", times=offsets[:1])) for n, value in enumerate(values)
    ]
    return Streams(pipeline, watermark).of(packs)


def rows(found: list[bytes | None]) -> list[dict[str, Any]]:
    return [row for each in found if each for row in pa.ipc.open_stream(each).read_all().to_pylist()]


def test_each_field_is_masked_as_its_contract_says() -> None:
    (row,) = rows(streamed(contract(), MESSAGE).good)
    assert "name" not in row
    assert row["patient"].startswith("2-")
    assert row["birth_date"] == "1980"
    assert "2024-04-06" <= row["admitted"] < "2024-05-06"
    assert (row["postcode"], row["address"], row["age"], row["value"]) == ("20", "10.20.30.0", 40, 36.6)


BROKEN = [
    {**MESSAGE, "name": 4711},
    {**MESSAGE, "age": "Miller"},
    {**MESSAGE, "age": 4711},
    {**MESSAGE, "admitted": "Miller"},
    {**MESSAGE, "address": "Miller"},
    {**MESSAGE, "birth_date": "Miller"},
    {**MESSAGE, "ts": "Miller"},
    {**MESSAGE, "ts": 1},
    {"Miller": 1},
    b"Miller",
    b'{"patient": "Miller", "patient": "Miller"}',
    b"\xffMiller",
    ["Miller"],
    None,
]


@pytest.mark.parametrize("message", BROKEN)
def test_a_dead_letter_quotes_nothing_and_its_payload_can_be_read_with_the_key_alone(message: Any) -> None:
    found = streamed(contract(), message)
    (letter,) = rows(found.letters)
    stored = str(letter)
    assert [secret for secret in (*SECRETS, "4711") if secret in stored] == []
    assert letter["payload"].startswith(b"headrace-sealed:patients:2:")
    given_ = message if isinstance(message, bytes) else json.dumps(message).encode()
    assert sealed.unseal(letter["payload"], RING.open(["patients"])) == given_
    assert rows(found.good) == []


def test_a_message_names_the_field_that_is_wrong() -> None:
    (letter,) = rows(streamed(contract(), {**MESSAGE, "age": "Miller"}).letters)
    assert letter["err_msg"] == "age: A field has a different type than the contract says."


def test_a_late_reading_has_the_token_and_an_encrypted_payload() -> None:
    timed = contract(watermark={"lateness": "0s"})
    later, earlier = {**MESSAGE, "ts": MESSAGE["ts"] + 60_000}, MESSAGE
    (late,) = rows(streamed(timed, later, earlier, late=True).late)
    assert late["key"].startswith("2-")
    assert sealed.unseal(late["payload"], RING.open(["patients"])) == json.dumps(earlier).encode()


def test_without_a_word_payloads_of_a_contract_with_secrets_are_omitted() -> None:
    (letter,) = rows(streamed(contract(payload=None), b"Miller").letters)
    assert letter["payload"] is None


def test_without_secrets_payloads_stay_as_they_are() -> None:
    plain = contract(fields={"patient": {"type": "string", "required": True}}, payload=None)
    (letter,) = rows(streamed(plain, b"Miller").letters)
    assert letter["payload"] == b"Miller"


@given(st.binary(max_size=60))
def test_what_is_sealed_is_read_back_with_any_later_ring_and_with_no_other_key(payload: bytes) -> None:
    old = KeyRing({"patients": {1: "a" * 32}}).open(["patients"])
    stored = sealed.seal(payload, old.current("patients"))
    assert sealed.unseal(stored, RING.open(["patients"])) == payload
    assert stored == sealed.seal(payload, old.current("patients"))
    with pytest.raises(BadKey, match="encrypted with another key"):
        sealed.unseal(stored, KeyRing({"patients": {1: "c" * 32}}).open(["patients"]))
    with pytest.raises(BadKey, match="has no version 1"):
        sealed.unseal(stored, KeyRing({"patients": {2: "a" * 32}}).open(["patients"]))


def with_field(**field: Any) -> dict[str, Any]:
    return {"fields": {"patient": {"type": "string", "required": True}, "x": field}}


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        (with_field(type="long", secret={"hash": "k"}), "hash takes a string, not a long; a token is a text"),
        (with_field(type="string", secret={"step": 5}), "step takes a long or a double, not a string"),
        (with_field(type="long", secret={"step": 0.5}), "the step of a long is a whole number"),
        (with_field(type="boolean", secret={"truncate": "day"}), "truncate takes a string or a timestamp"),
        (with_field(type="string", secret={"truncate": "hour"}), "a text can be truncated to a day"),
        (with_field(type="string", secret={"hash": "k", "first": 2}), "a secret has one mask, not hash and first"),
        (with_field(type="string", secret={}), "a secret has one mask, not nothing"),
        (with_field(type="string", secret={"shift": "k"}), "add by:"),
        (with_field(type="string", secret={"shift": "k", "by": "y"}), "'y' is not a field"),
        (with_field(type="string", secret={"shift": "k", "by": "x"}), "the subject must be a required string"),
        (with_field(type="string", secret={"first": 1, "by": "patient"}), "belong to shift"),
        (with_field(type="string", secret={"prefix": 33}), "a prefix of IPv4 has 1 to 31 bits"),
        (with_field(type="string", constant="a", secret={"first": 1}), "where all can read it"),
        ({"fields": {"patient": {"type": "string", "required": True, "secret": "drop"}}}, "the key cannot be dropped"),
        ({"payload": {"dead_letters": "encrypt"}}, "encrypt needs a key"),
        ({"payload": {"dead_letters": "omit", "key": "k"}}, "the key is not used"),
        ({"time": {"path": "ts", "unit": "epoch_ms", "secret": {"first": 1}}}, "a reading needs a time"),
        (
            {
                "time": {"path": "ts", "unit": "epoch_ms", "secret": {"shift": "k", "by": "patient"}},
                "watermark": {"lateness": "1m"},
            },
            "have no order",
        ),
    ],
)
def test_a_mask_that_does_not_fit_is_refused(changes: dict[str, Any], wanted: str) -> None:
    with pytest.raises(ValidationError, match=wanted):
        contract(**changes)


def test_what_travels_to_a_worker_has_references_and_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADRACE_TEST_KEY", "marked" * 6)
    pipeline = Pipeline(contract(), key_ring=KeyRing({"patients": {1: "${env:HEADRACE_TEST_KEY}"}}))
    travelling = cloudpickle.dumps(pipeline)
    assert b"${env:HEADRACE_TEST_KEY}" in travelling
    assert b"marked" not in travelling


def test_a_worker_without_the_key_says_which_is_missing_and_where(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HEADRACE_TEST_KEY", raising=False)
    pipeline = Pipeline(contract(), key_ring=KeyRing({"patients": {1: "${env:HEADRACE_TEST_KEY}"}}))
    with pytest.raises(
        BadKey, match=r"key 'patients', version 1: \$\{env:HEADRACE_TEST_KEY\}.*where the TaskManagers run"
    ):
        pipeline.open(lambda _name, _n: None)


WARDS: dict[str, Any] = {
    "description": "What devices measure, each named once.",
    "topic": "clinic.devices",
    "key": "tag",
    "fields": {
        "tag": {"type": "string", "required": True},
        "id": {"type": "string"},
        "patient": {"type": "string", "secret": {"hash": "patients"}},
        "value": {"type": "double"},
    },
    "time": {"path": "ts", "unit": "epoch_ms"},
    "dictionary": {
        "by": ["id"],
        "gives": ["tag"],
        "told": {"rows": "names[]", "fields": {"id": "id", "tag": "tag"}},
    },
    "payload": {"dead_letters": "encrypt", "key": "patients"},
}


def test_where_names_come_with_the_stream_no_row_and_no_letter_has_a_secret() -> None:
    reads = Contract.model_validate(WARDS)
    unnamed = {"id": "7", "patient": "P-4711", "value": 1.5, "ts": MESSAGE["ts"]}
    (row,) = rows(streamed(reads, unnamed).good)
    assert (row["tag"], row["value"], row["patient"][:2]) == (None, 1.5, "2-")
    assert sealed.unseal(row["src_payload"], RING.open(["patients"])) == json.dumps(unnamed).encode()
    for wrong in ({"names": [{"id": "P-4711", "tag": 4711}]}, {**unnamed, "value": "P-4711"}):
        letters = rows(streamed(reads, wrong).letters)
        assert letters
        assert "4711" not in str(letters)
    assert rows(streamed(reads.model_copy(update={"payload": None}), unnamed).good)[0]["src_payload"] is None


@pytest.mark.parametrize(
    ("place", "mask", "message"),
    [
        ("id", {"hash": "patients"}, "'id' is an id, which is read as it comes"),
        ("tag", {"hash": "patients"}, "'tag' is learned by an id, which is read as it comes"),
        ("patient", {"shift": "patients", "by": "tag"}, "'tag' may be known behind the mask alone"),
    ],
)
def test_what_is_known_behind_the_decoder_alone_is_not_masked(place: str, mask: dict[str, Any], message: str) -> None:
    fields = {**WARDS["fields"], place: {**WARDS["fields"][place], "secret": mask}}
    with pytest.raises(ValidationError, match=message):
        Contract.model_validate({**WARDS, "fields": fields})
