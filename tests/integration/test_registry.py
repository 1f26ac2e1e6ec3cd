"""A real schema registry behind TLS and a password: its schemas, and the errors when it does not return one."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headrace_udfs import registry as client
from headrace_udfs.faults import Code, Refused
from headrace_udfs.formats.parse_registered import RegisteredJson, RegisteredProtobuf
from headrace_udfs.schemas import RegistryFailed, UnknownSchema
from support.services.processes import HOST, free_ports
from support.services.registry import Registry
from support.services.registry import registry as started

SIGNS = """mark'ed"by\\@:ü"""
TEMPERATURE = {"type": "record", "name": "Temperature", "fields": [{"name": "value", "type": "double"}]}
READING = {"type": "record", "name": "Reading", "fields": [{"name": "of", "type": "Temperature"}]}


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    folder = tmp_path_factory.mktemp("registry")
    (folder / "password").write_text(SIGNS)
    with started(folder / "apicurio", folder / "password") as server:
        yield server


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "FIRST_WAIT_S", 0)


def failure(registry: Registry, number: int = 1, **changes: Any) -> str:
    """Return the error of a schema that the registry does not return."""
    with pytest.raises(RegistryFailed) as raised:
        registry.settings(**changes).address().open().schema(number)
    assert "mark'ed" not in str(raised.value)
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_a_schema_is_found_by_its_id_with_everything_it_refers_to(registry: Registry) -> None:
    registry.register("temperature", TEMPERATURE)
    number = registry.register("reading", READING, ("Temperature", "temperature"))
    schema = registry.settings().address().open().schema(number)
    assert '"Reading"' in schema.definition
    assert ['"Temperature"' in each for each in schema.references] == [True]


PROTO = """
syntax = "proto3";
package plant;
import "units.proto";
message Other { string note = 1; }
message Reading { string tag = 1; double value = 2; units.Unit unit = 3; }
"""
EVENT = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "title": "Event",
    "type": "object",
    "properties": {"tag": {"type": "string"}},
}
UNITS = 'syntax = "proto3"; package units; message Unit { string name = 1; }'


def test_protobuf_and_json_are_read_by_schemas_of_a_registry(registry: Registry) -> None:
    registry.register("units.proto", UNITS, kind="PROTOBUF")
    proto = registry.register("readings-value", PROTO, ("units.proto", "units.proto"), kind="PROTOBUF")
    json_ = registry.register("events-value", EVENT, kind="JSON")
    schemas = registry.settings().address().open()
    body = b"\x0a\x01a\x11" + struct.pack("<d", -1.5) + b"\x1a\x05\x0a\x03bar"
    message = b"\0" + proto.to_bytes(4, "big") + b"\2\2" + body  # the second message of the file
    assert RegisteredProtobuf(schemas, None).parse(message, ()) == {"tag": "a", "value": -1.5, "unit": {"name": "bar"}}
    assert RegisteredJson(schemas).parse(b"\0" + json_.to_bytes(4, "big") + b'{"tag": "a"}', ()) == {"tag": "a"}
    for parser, number, code in (
        (RegisteredProtobuf(schemas, None), 999, Code.UNKNOWN_SCHEMA),
        (RegisteredProtobuf(schemas, None), json_, Code.SCHEMA_UNFIT),
    ):
        with pytest.raises(Refused) as raised:
            parser.parse(b"\0" + number.to_bytes(4, "big") + b"\2\2" + body, ())
        assert raised.value.fault.code == code


def test_an_unknown_schema_is_not_a_failure_of_the_registry(registry: Registry) -> None:
    with pytest.raises(UnknownSchema, match="has no schemas/ids/999"):
        registry.settings().address().open().schema(999)


def test_refused_access_is_reported_with_references(registry: Registry, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("mark'ed otherwise")
    before = registry.requests
    message = failure(registry, password=f"${{file:{wrong}}}")
    assert f"answered 401 to user plant with password ${{file:{wrong}}}" in message
    assert "answered 401 to no user" in failure(registry, user=None, password=None)
    wrong.write_text("mark'ed")
    assert f"answered 401 to the token ${{file:{wrong}}}" in failure(
        registry, user=None, password=None, token=f"${{file:{wrong}}}"
    )
    assert registry.requests == before


def test_a_token_that_no_header_can_hold_is_not_shown(registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("mark'ed\nby: me")
    message = failure(registry, user=None, password=None, token=f"${{file:{tmp_path / 'token'}}}")
    assert "cannot be sent in an HTTP header" in message


@pytest.mark.usefixtures("quick")
def test_a_certificate_of_another_authority_is_reported(registry: Registry) -> None:
    message = failure(registry, ca=None)
    assert "CERTIFICATE_VERIFY_FAILED" in message
    assert "set its certificate authority under ca:" in message


def test_a_bundle_may_have_comments_on_its_certificates(registry: Registry, tmp_path: Path) -> None:
    bundle = b"# Autorit\xc3\xa0 di certificazione\n" + registry.authority.cert_pem.bytes() + b"\n# e basta\n"
    (tmp_path / "bundle").write_bytes(bundle)
    with pytest.raises(UnknownSchema):
        registry.settings(ca=f"${{file:{tmp_path / 'bundle'}}}").address().open().schema(999)


def test_an_invalid_authority_is_reported(registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "ca").write_text("no certificate")
    assert "is not a PEM certificate" in failure(registry, ca=f"${{file:{tmp_path / 'ca'}}}")


def test_an_unresolved_reference_is_reported(registry: Registry) -> None:
    message = failure(registry, password="${env:HEADRACE_NOT_SET}")  # noqa: S106 - a reference
    assert "${env:HEADRACE_NOT_SET}: no such environment variable; it must exist where the TaskManagers run" in message


def test_the_address_of_another_server_is_not_taken_for_an_unknown_schema(registry: Registry) -> None:
    message = failure(registry, url=registry.settings().url.removesuffix("/apis/ccompat/v7"))
    assert "answered 404 without a schema" in message
    assert "the base of its Confluent API" in message


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_transient_failure_is_tried_again(registry: Registry, status: int) -> None:
    number, before = registry.register("temperature", TEMPERATURE), registry.requests
    registry.status = status
    try:
        assert f"answered {status}" in failure(registry, number)
    finally:
        registry.status = None
    assert registry.requests == before + client.ATTEMPTS
    assert registry.settings().address().open().schema(number).definition


@pytest.mark.usefixtures("quick")
def test_waiting_for_a_registry_that_does_not_answer_has_a_limit(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "LIMIT_S", 1)
    registry.delay_s = 1.5
    try:
        assert "did not answer within 1 s" in failure(registry)
    finally:
        registry.delay_s = 0


@pytest.mark.usefixtures("quick")
def test_a_missing_registry_is_reported(registry: Registry) -> None:
    (port,) = free_ports(1)
    assert "cannot be reached" in failure(registry, url=f"https://{HOST}:{port}")
