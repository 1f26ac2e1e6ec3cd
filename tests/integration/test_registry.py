"""A real schema registry behind TLS and a password: what it tells, and what is said where it does not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headrace_udfs import registry as client
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
    with started(folder / "apicurio", folder / "password") as made:
        yield made


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "FIRST_WAIT_S", 0)
    monkeypatch.setattr(client, "LIMIT_S", 1)


def failure(registry: Registry, number: int = 1, **changes: Any) -> str:
    """What is said of a schema that the registry does not tell."""
    with pytest.raises(RegistryFailed) as told:
        registry.settings(**changes).address().open().schema(number)
    assert "mark'ed" not in str(told.value)
    assert "\n" not in str(told.value)
    return str(told.value)


def test_a_schema_comes_by_its_id_with_all_that_it_refers_to(registry: Registry) -> None:
    registry.register("temperature", TEMPERATURE)
    number = registry.register("reading", READING, ("Temperature", "temperature"))
    found = registry.settings().address().open().schema(number)
    assert '"Reading"' in found.definition
    assert ['"Temperature"' in each for each in found.references] == [True]


def test_a_schema_that_the_registry_does_not_know_is_no_failure_of_its(registry: Registry) -> None:
    with pytest.raises(UnknownSchema, match="has no schemas/ids/999"):
        registry.settings().address().open().schema(999)


def test_who_is_not_let_in_is_told_by_reference(registry: Registry, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("mark'ed otherwise")
    before = registry.requests
    said = failure(registry, password=f"${{file:{wrong}}}")
    assert f"answered 401 to user plant with password ${{file:{wrong}}}" in said
    assert "answered 401 to no user" in failure(registry, user=None, password=None)
    wrong.write_text("mark'ed")
    assert f"answered 401 to the token ${{file:{wrong}}}" in failure(
        registry, user=None, password=None, token=f"${{file:{wrong}}}"
    )
    assert registry.requests == before


def test_a_token_that_no_header_can_hold_is_not_shown(registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("mark'ed\nby: me")
    said = failure(registry, user=None, password=None, token=f"${{file:{tmp_path / 'token'}}}")
    assert "cannot be sent in an HTTP header" in said


@pytest.mark.usefixtures("quick")
def test_a_certificate_of_another_authority_is_told(registry: Registry) -> None:
    said = failure(registry, ca=None)
    assert "CERTIFICATE_VERIFY_FAILED" in said
    assert "set its certificate authority under ca:" in said


def test_a_bundle_may_tell_whose_its_certificates_are(registry: Registry, tmp_path: Path) -> None:
    bundle = b"# Autorit\xc3\xa0 di certificazione\n" + registry.authority.cert_pem.bytes() + b"\n# e basta\n"
    (tmp_path / "bundle").write_bytes(bundle)
    with pytest.raises(UnknownSchema):
        registry.settings(ca=f"${{file:{tmp_path / 'bundle'}}}").address().open().schema(999)


def test_an_authority_that_is_none_is_told(registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "ca").write_text("no certificate")
    assert "is not a PEM certificate" in failure(registry, ca=f"${{file:{tmp_path / 'ca'}}}")


def test_a_reference_that_leads_nowhere_is_told(registry: Registry) -> None:
    said = failure(registry, password="${env:HEADRACE_NOT_SET}")  # noqa: S106 - a reference
    assert "${env:HEADRACE_NOT_SET}: no such environment variable; it must exist where the TaskManagers run" in said


def test_an_address_that_is_no_registry_is_not_taken_for_an_unknown_schema(registry: Registry) -> None:
    said = failure(registry, url=registry.settings().url.removesuffix("/apis/ccompat/v7"))
    assert "answered 404 without a schema" in said
    assert "the base of its Confluent API" in said


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_may_be_over_in_a_moment_is_tried_again(registry: Registry, status: int) -> None:
    number, before = registry.register("temperature", TEMPERATURE), registry.requests
    registry.status = status
    try:
        assert f"answered {status}" in failure(registry, number)
    finally:
        registry.status = None
    assert registry.requests == before + client.ATTEMPTS
    assert registry.settings().address().open().schema(number).definition


@pytest.mark.usefixtures("quick")
def test_a_registry_that_does_not_answer_is_not_waited_for_without_end(registry: Registry) -> None:
    registry.delay_s = 1.5
    try:
        assert "did not answer within 1 s" in failure(registry)
    finally:
        registry.delay_s = 0


@pytest.mark.usefixtures("quick")
def test_a_registry_that_is_not_there_is_told(registry: Registry) -> None:
    (port,) = free_ports(1)
    assert "cannot be reached" in failure(registry, url=f"https://{HOST}:{port}")
