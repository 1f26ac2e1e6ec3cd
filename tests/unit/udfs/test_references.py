"""References are resolved only when needed, with the escaping of the place that they are in."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace_udfs.references import MissingReference, has_reference, quoted, resolve, resolve_in_sql

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


def test_a_file_is_read_without_its_last_line_end(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("it\n")
    assert resolve(f"${{file:{tmp_path / 'secret'}}}") == "it"


def test_a_reference_without_a_value_is_named_in_the_error(tmp_path: Path) -> None:
    with pytest.raises(MissingReference, match="HEADRACE_NOT_SET"):
        resolve("${env:HEADRACE_NOT_SET}")
    with pytest.raises(MissingReference, match="No such file"):
        resolve_in_sql(f"'${{file:{tmp_path / 'none'}}}'")


def test_a_reference_is_recognised_anywhere_in_a_text() -> None:
    assert not has_reference("/etc/ca.pem")
    assert has_reference("/etc/${env:X}.pem")
