"""librdkafka's options are translated for Flink's Java client."""

from __future__ import annotations

import os
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.environment import kafka_options
from headrace_udfs.references import resolve

SIGNED_IN = {"sasl.mechanisms": "SCRAM-SHA-512", "sasl.username": "plant", "sasl.password": "${env:KAFKA_PASSWORD}"}


def test_a_password_becomes_a_java_login_and_stays_a_reference() -> None:
    options = kafka_options.for_flink({"bootstrap.servers": "a:1", "security.protocol": "sasl_ssl", **SIGNED_IN})
    assert options == {
        "bootstrap.servers": "a:1",
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.jaas.config": (
            "org.apache.flink.kafka.shaded.org.apache.kafka.common.security.scram.ScramLoginModule required "
            'username="plant" password="${env:KAFKA_PASSWORD|jaas}";'
        ),
    }


@pytest.mark.parametrize("key", ["sasl.username", "sasl.password"])
def test_a_line_break_in_a_login_is_escaped(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGIN", 'a\nb"; evil required x="y')
    login = resolve(
        kafka_options.for_flink({**SIGNED_IN, "sasl.password": "p", key: "${env:LOGIN}"})["sasl.jaas.config"]
    )
    assert r'"a\012b\"; evil required x=\"y"' in login
    assert "\n" not in login


@given(
    password=st.text(
        st.sampled_from("""'"\\;""") | st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cs"])
    )
)
def test_any_password_stays_within_its_quotes(password: str) -> None:
    os.environ["KAFKA_PASSWORD"] = password
    try:
        login = resolve(kafka_options.for_flink(SIGNED_IN)["sasl.jaas.config"])
    finally:
        del os.environ["KAFKA_PASSWORD"]
    match = re.fullmatch(r'\S+ required username="plant" password="((?:[^"\\\n\r]|\\.)*)";', login)
    assert match, "Java ends a text at a line break"
    assert re.sub(r"\\([0-3][0-7]{2}|.)", lambda each: _java(each[1]), match[1]) == password


def _java(escaped: str) -> str:
    """Return the character that Java's StreamTokenizer reads for what follows a backslash."""
    return chr(int(escaped, 8)) if len(escaped) == 3 else escaped


def test_certificates_are_passed_as_the_text_of_their_files() -> None:
    files = {"ssl.ca.location": "/ca.pem", "ssl.certificate.location": "/me.pem", "ssl.key.location": "/me.key"}
    assert kafka_options.for_flink(files) == {
        "ssl.truststore.type": "PEM",
        "ssl.truststore.certificates": "${file:/ca.pem}",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.certificate.chain": "${file:/me.pem}",
        "ssl.keystore.key": "${file:/me.key}",
    }


@pytest.mark.parametrize(
    ("theirs", "javas"),
    [
        ({"socket.timeout.ms": "5"}, {"request.timeout.ms": "5"}),
        ({"ssl.endpoint.identification.algorithm": "none"}, {"ssl.endpoint.identification.algorithm": ""}),
        ({"linger.ms": "5"}, {"linger.ms": "5"}),
        ({"socket.keepalive.enable": "true"}, {}),
    ],
)
def test_options_are_translated_to_javas_names(theirs: dict[str, str], javas: dict[str, str]) -> None:
    assert kafka_options.check(theirs) == {}
    assert kafka_options.for_flink(theirs) == javas


@pytest.mark.parametrize(
    ("options", "at", "message"),
    [
        ({"sasl.user": "a"}, "sasl.user", "did you mean 'sasl.username'?"),
        ({**SIGNED_IN, "sasl.mechanisms": "GSSAPI"}, "sasl.mechanisms", "one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512"),
        ({"sasl.username": "a", "sasl.password": "b"}, "sasl.username", "add 'sasl.mechanisms:'"),
        ({"sasl.mechanisms": "PLAIN", "sasl.username": "a"}, "sasl.mechanisms", "add 'sasl.password:'"),
        ({"ssl.ca.location": "${env:CA}"}, "ssl.ca.location", "write the path, or give the text: ssl.ca.pem"),
        ({"security.protocol": "tls"}, "security.protocol", "one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL"),
    ],
)
def test_an_option_that_java_cannot_use_is_refused_with_a_fix(options: dict[str, str], at: str, message: str) -> None:
    faults = kafka_options.check(options)
    assert [*faults] == [at]
    assert message in faults[at]
