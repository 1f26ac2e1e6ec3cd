"""References are resolved only when needed, with the escaping of the place that they are in."""

from __future__ import annotations

import os
import re
import sqlite3
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace_udfs.references import BadReference, has_reference, malformed, quoted, resolve, resolve_in_sql

SIGNS = st.sampled_from("""'"\\@/:?#% """)
VALUES = st.text(SIGNS | st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cs"]))


@given(VALUES)
def test_a_value_in_sql_does_not_end_its_literal(value: str) -> None:
    os.environ["HEADRACE_TEST"] = value
    try:
        statement = resolve_in_sql("select 'a${env:HEADRACE_TEST}b'")
    finally:
        del os.environ["HEADRACE_TEST"]
    assert sqlite3.connect(":memory:").execute(statement).fetchone() == (f"a{value}b",)


@given(VALUES, VALUES)
def test_a_value_in_an_address_is_escaped_like_the_text_next_to_it(before: str, value: str) -> None:
    os.environ["HEADRACE_TEST"] = value
    try:
        text = quoted(before.replace("$", ""), "url") + resolve(quoted("${env:HEADRACE_TEST}", "url"))
    finally:
        del os.environ["HEADRACE_TEST"]
    assert unquote(text) == before.replace("$", "") + value
    assert not set("@/:?#") & set(text)


def test_the_reference_names_its_escaping() -> None:
    assert quoted("a b${env:X}c d${file:/y}", "url") == "a%20b${env:X|url}c%20d${file:/y|url}"


@given(st.text(min_size=1))
def test_a_value_that_must_be_one_line_is_refused_without_showing_it(value: str) -> None:
    value = f"9Z{value}Z9".encode(errors="ignore").decode().replace("\0", "\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEADRACE_TEST", value)
        reference = quoted("${env:HEADRACE_TEST}", "line")
        if value.splitlines() == [value] and not re.search(r"[\x00-\x1f\x7f-\x9f]", value):
            assert resolve(reference) == value
            return
        with pytest.raises(BadReference, match="line break") as raised:
            resolve(reference)
    assert "9Z" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "beginning"),
    [
        ("${env:A|unknown}", "${env:A"),
        ("${env:A|}", "${env:A"),
        ("${env:}", "${env:"),
        ("${env:A", "${env:A"),
        ("a${file:/run/x|URL}b", "${file:/run/x"),
        ("${env:A}${env:se cret", "${env:se"),
    ],
)
def test_a_malformed_reference_is_reported_with_a_fix(
    text: str, beginning: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A", "a")
    assert malformed(text) == beginning
    for resolving in (resolve, resolve_in_sql):
        with pytest.raises(BadReference) as raised:
            resolving(text)
        assert str(raised.value) == f"{beginning}... is not a valid reference"
        assert raised.value.fix == "write ${env:NAME} or ${file:PATH}"


@given(st.text(st.sampled_from("ab${}:|envfileurlsq\n'")))
def test_any_text_is_resolved_or_refused(text: str) -> None:
    for resolving in (resolve, resolve_in_sql):
        with suppress(BadReference):
            resolving(text)


def test_a_file_that_is_not_text_is_named_in_the_error(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"\xff\xfe")
    with pytest.raises(BadReference, match="is not text in UTF-8"):
        resolve(f"${{file:{tmp_path / 'secret'}}}")


def test_a_file_is_read_without_its_last_line_end(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("it\n")
    assert resolve(f"${{file:{tmp_path / 'secret'}}}") == "it"


def test_a_reference_without_a_value_is_named_in_the_error(tmp_path: Path) -> None:
    with pytest.raises(BadReference, match="HEADRACE_NOT_SET"):
        resolve("${env:HEADRACE_NOT_SET}")
    with pytest.raises(BadReference, match="No such file"):
        resolve_in_sql(f"'${{file:{tmp_path / 'none'}}}'")


def test_a_reference_is_recognised_anywhere_in_a_text() -> None:
    assert not has_reference("/etc/ca.pem")
    assert has_reference("/etc/${env:X}.pem")
