"""A schema registry in an environment's file: its secrets by reference, and one way to sign in."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from headrace.environment import settings
from headrace.environment.masking import masked
from headrace.environment.settings import Settings
from headrace.errors import UserError
from headrace.project.paths import Project
from headrace_udfs.registry import RegistryAddress
from headrace_udfs.schemas import RegistryFailed

BASE = """\
catalog: {type: sqlite, name: plant, path: /tmp/c.db, warehouse: 'file:///lake'}
kafka: {bootstrap.servers: 'a:1'}
flink: {rest: 'http://a:1'}
"""
REGISTRY = """schema_registry:
  url: https://registry:8443/apis/ccompat/v7
  user: headrace
  password: ${env:REGISTRY_PASSWORD}
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "catalogs").mkdir()
    return Project(tmp_path, tmp_path / "home")


def loaded(project: Project, text: str) -> Settings:
    (project.root / "catalogs" / "prod.yaml").write_text(BASE + text)
    return settings.load(project, "prod")


def test_the_workers_get_references(project: Project) -> None:
    environment = loaded(project, REGISTRY)
    assert environment.schema_registry
    url = "https://registry:8443/apis/ccompat/v7"
    assert environment.schema_registry.address() == RegistryAddress(url, "headrace", "${env:REGISTRY_PASSWORD}")
    assert masked(environment).schema_registry == environment.schema_registry


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("${env:REGISTRY_PASSWORD}", "secret1", "prod.yaml:7:3: schema_registry.password: the password must be"),
        ("  password", "  token", "use one way to sign in"),
        ("  user: headrace\n", "", "a password needs a user\n  fix: add user:"),
        (
            "  user: headrace\n  password: ${env:REGISTRY_PASSWORD}",
            "  ca: /etc/ca.pem",
            "the ca must be a reference",
        ),
        ("  user", "  usr", "did you mean 'user'?"),
        ("${env:REGISTRY_PASSWORD}", "12345678", "password: input should be a valid string (got int)"),
        ("https://", "https://me:secret1@", "url: the address contains a user"),
    ],
)
def test_an_invalid_setting_is_reported_at_its_line(project: Project, old: str, new: str, message: str) -> None:
    with pytest.raises(UserError) as raised:
        loaded(project, REGISTRY.replace(old, new))
    assert message in str(raised.value)
    assert not {"secret1", "12345678"} & set(re.findall(r"\w+", str(raised.value)))


def test_variables_override_it(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADRACE_SCHEMA_REGISTRY__URL", "http://elsewhere")
    registry = loaded(project, REGISTRY).schema_registry
    assert registry
    assert registry.url == "http://elsewhere"
    with pytest.raises(UserError, match="HEADRACE_SCHEMA_REGISTRY__URL overrides no setting"):
        loaded(project, "")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("https://me:secret1@registry", "contains a user"),
        ("https://registry:port", "is not a valid address"),
    ],
)
def test_an_invalid_address_is_reported_by_its_reference(
    monkeypatch: pytest.MonkeyPatch, url: str, message: str
) -> None:
    monkeypatch.setenv("REGISTRY_URL", url)
    with pytest.raises(RegistryFailed, match=message) as raised:
        RegistryAddress("${env:REGISTRY_URL}").open()
    assert "secret1" not in str(raised.value)


def test_an_address_without_a_protocol_is_reported_at_once() -> None:
    with pytest.raises(RegistryFailed, match="begin url: with https:// or http://"):
        RegistryAddress("registry:8081").open().schema(1)


@pytest.mark.parametrize("text", ["", "# Autorità di certificazione, e nulla di più"])
def test_an_authority_without_a_certificate_is_not_taken_for_the_machines_own(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("REGISTRY_CA", text)
    with pytest.raises(RegistryFailed, match=r"not a PEM certificate|is empty|not set"):
        RegistryAddress("https://registry", ca="${env:REGISTRY_CA}").open()
