"""Literal secrets are hidden whatever they contain; what is wholly a reference is shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.compose.connectors import LiveConnectors
from headrace.compose.sql_text import literal
from headrace.environment import settings
from headrace.environment.kafka_options import for_flink
from headrace.environment.masking import masked
from headrace.environment.secret_values import HIDDEN, is_reference, shown
from headrace.environment.settings import Settings
from headrace.errors import UserError
from headrace.project.paths import Project
from headrace_udfs.references import resolve_in_sql

FILE = {
    "catalog": {
        "type": "postgres",
        "name": "plant",
        "host": "db",
        "database": "d",
        "user": "u",
        "password": "",
        "warehouse": "s3://b/w",
        "s3": {"endpoint": "https://s3", "region": "r", "access_key": "", "secret_key": ""},
    },
    "kafka": {
        "bootstrap.servers": "a:1",
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "line",
        "sasl.password": "",
        "ssl.key.pem": "",
        "ssl.key.password": "",
    },
    "flink": {"rest": "http://a:1"},
    "vars": {"site": "north", "api_token": ""},
}


def environment(secret: str) -> Settings:
    """Return the settings with the secret at each place that has one."""
    return Settings.model_validate_json(json.dumps(FILE).replace('""', json.dumps(secret)))


@pytest.mark.parametrize(
    "secret",
    [
        "wat${er-7Xq",
        "${",
        "a${env:HOME}",
        "${env:HOME}b",
        "${vault:x}",
        "${env:HOME",
        "${env:}",
        "${env:A|rot13}",
        "$$",
        "50%",
        "%(x)s",
        "'",
        '"',
        "\\",
        "}",
        "",
    ],
)
def test_a_secret_that_is_not_wholly_a_reference_is_hidden(secret: str) -> None:
    hidden = masked(environment(secret))
    assert hidden.kafka["sasl.password"] == hidden.kafka["ssl.key.pem"] == hidden.kafka["ssl.key.password"] == HIDDEN
    assert hidden.catalog.model_dump()["password"] == hidden.catalog.model_dump()["s3"]["secret_key"] == HIDDEN
    assert hidden.vars == {"site": "north", "api_token": HIDDEN}


@pytest.mark.parametrize(
    "reference", ["${env:KAFKA}", "${file:/run/secrets/kafka}", "${env:A}${file:/b}", "${env:A|url}"]
)
def test_references_are_shown(reference: str) -> None:
    assert masked(environment(reference)) == environment(reference)


@given(st.text(st.sampled_from("ab${}:|envfile'\"%\\ ")))
def test_a_shown_secret_has_no_text_of_its_own(secret: str) -> None:
    assert (shown("password", secret) == HIDDEN) != is_reference(secret)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_characters="\x7f"), min_size=6))
def test_no_statement_shows_a_literal_secret(secret: str) -> None:
    secret = f"9Z{secret}Z9"
    connectors = LiveConnectors(masked(environment(secret)))
    text = "\n".join([*connectors.catalog(), *map(str, for_flink(masked(environment(secret)).kafka).values())])
    assert "9Z" not in text
    assert HIDDEN in text


@given(st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_characters="\x7f")))
def test_a_secret_reaches_sql_as_it_is(secret: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SECRET", secret)
        statement = resolve_in_sql(f"'password' = {literal('${env:SECRET}')}")
    assert statement == f"'password' = {literal(secret)}"


def test_a_password_in_an_address_is_hidden() -> None:
    assert shown("uri", "https://user:pa$${ss@host/x") == "https://user:***@host/x"
    assert shown("uri", "https://user:${env:P}@host/x") == "https://user:${env:P}@host/x"
    assert shown("uri", "https://user@host/x:y@z") == "https://user@host/x:y@z"


@pytest.mark.parametrize("secret", ["a\nb", "a\tb", "a\x01b"])
def test_a_control_character_is_an_error_at_its_line_that_does_not_show_it(tmp_path: Path, secret: str) -> None:
    for folder in ("sql", "catalogs"):
        (tmp_path / folder).mkdir()
    (tmp_path / "catalogs/prod.yaml").write_text(
        "catalog: {type: sqlite, name: p, path: /c.db, warehouse: 'file:///lake'}\nflink: {rest: 'http://a:1'}\n"
        "kafka:\n  bootstrap.servers: a:1\n  sasl.mechanism: PLAIN\n  sasl.username: u\n"
        f"  sasl.password: {json.dumps(secret)}\n"
    )
    with pytest.raises(UserError) as raised:
        settings.load(Project(tmp_path, tmp_path), "prod")
    assert "prod.yaml:7:3" in str(raised.value)
    assert secret not in str(raised.value)
    assert repr(secret)[1:-1] not in str(raised.value)
    with pytest.raises(ValueError, match="control character") as refused:
        literal(secret)
    assert repr(secret)[1:-1] not in str(refused.value)
