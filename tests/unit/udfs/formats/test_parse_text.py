"""Plain text is one value."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace_udfs.faults import Code, Refused
from headrace_udfs.formats import parse_text


def test_white_space_around_the_text_is_not_part_of_it() -> None:
    assert parse_text.parse(b" 21.5\r\n") == "21.5"
    assert parse_text.parse("läuft nicht".encode()) == "läuft nicht"


@pytest.mark.parametrize(
    ("payload", "code"), [(b"", Code.EMPTY_PAYLOAD), (b"\n", Code.EMPTY_PAYLOAD), (b"\xe4", Code.NOT_UTF8)]
)
def test_what_is_no_text_is_refused(payload: bytes, code: Code) -> None:
    with pytest.raises(Refused) as caught:
        parse_text.parse(payload)
    assert caught.value.fault.code is code


@given(st.binary(max_size=32))
def test_no_bytes_raise_anything_but_refused(payload: bytes) -> None:
    with contextlib.suppress(Refused):
        assert parse_text.parse(payload) == payload.decode().strip(" \t\r\n")
