"""Qualities of every mapping become OPC UA StatusCodes of the same severity."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace_udfs import quality
from headrace_udfs.quality import UNKNOWN, from_opcda, from_opcua, from_words
from headrace_udfs.status_codes import SEVERITY, STATUS_CODES

GOOD, UNCERTAIN, BAD = SEVERITY["good"], SEVERITY["uncertain"], SEVERITY["bad"]


@pytest.mark.parametrize(
    ("opcda", "status"),
    [
        (192, 0x00000000),
        (216, 0x00960000),
        (0, 0x80000000),
        (4, 0x80890000),
        (8, 0x808A0000),
        (24, 0x80310000),
        (28, 0x808D0000),
        (64, 0x40000000),
        (68, 0x40900000),
        (88, 0x40950000),
        (193, 0x00000500),
        (86, 0x40940600),
        (195, 0x00000700),
        (196, UNKNOWN),
        (500, UNKNOWN),
        (0x1234 << 8 & 0xFF00 | 192, 0x00000000),
        (128, UNKNOWN),
        (-1, UNKNOWN),
        (65536 + 192, UNKNOWN),
    ],
)
def test_opc_da_is_mapped_as_in_opc_ua_part_8(opcda: int, status: int) -> None:
    assert from_opcda(pa.array([opcda]), BAD).tolist() == [status]


@given(st.integers(0, 0xFFFF))
def test_opc_da_keeps_its_severity(opcda: int) -> None:
    (status,) = from_opcda(pa.array([opcda]), BAD).tolist()
    expected = {0b11: GOOD, 0b01: UNCERTAIN, 0b00: BAD}.get(opcda >> 6 & 0b11)
    assert status == UNKNOWN if expected is None or status == UNKNOWN else status & 0xC0000000 == expected
    assert (status != UNKNOWN) == (expected is not None and (expected != GOOD or opcda >> 2 & 0b111111 in (48, 54)))


@given(st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(0, 2**16 - 1).map(lambda bits: bits << 16)))
def test_a_valid_status_code_of_opc_ua_stays_as_it_is(status: int) -> None:
    (found,) = from_opcua(pa.array([status]), BAD).tolist()
    assert found in (status, status + 2**32, UNKNOWN)
    if found != UNKNOWN:
        assert found >> 28 in (0b0000, 0b0100, 0b1000)
        assert found & 0xFFFF0000 in STATUS_CODES.values() or found >= UNCERTAIN


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (0x80310000, 0x80310000),
        (0x80310000 - 2**32, 0x80310000),
        (-1, UNKNOWN),
        (-(2**31) - 1, UNKNOWN),
        (0xC0000000, UNKNOWN),
        (192, UNKNOWN),  # OPC DA's good has info bits without an info type
        (0x00000400, 0x00000400),
        (0x00000500, 0x00000500),  # limited low
        (0x00000460, UNKNOWN),
        (0x00000800, UNKNOWN),
        (0x00008000, 0x00008000),  # structure changed
        (0x10000000, UNKNOWN),
        (0x00010000, UNKNOWN),  # no code of good
        (0x80FF0000, 0x80FF0000),
        (0x04010000, 0x04010000),
    ],
)
def test_what_opc_ua_does_not_define_is_not_good(sent: int, status: int) -> None:
    assert from_opcua(pa.array([sent]), BAD).tolist() == [status]


@given(st.sampled_from([*STATUS_CODES]))
def test_every_status_code_by_name_is_one_by_number(name: str) -> None:
    assert from_opcua(pa.array([STATUS_CODES[name]]), BAD).tolist() == [STATUS_CODES[name]]
    assert quality.status(name) == STATUS_CODES[name]


def test_the_case_of_names_is_ignored() -> None:
    words = pa.array(["Good", "BAD", "uncertain", "STALE", "odd", None])
    names = {"stale": "uncertain", "good": "bad", "bad": "bad", "uncertain": "uncertain"}
    statuses = from_words(words, names, None, UNCERTAIN).tolist()
    assert statuses == [BAD, BAD, UNCERTAIN, UNCERTAIN, UNKNOWN, UNCERTAIN]


def test_a_missing_quality_is_the_one_that_the_contract_names() -> None:
    nulls = pa.array([None, None], pa.int64())
    assert from_opcda(nulls, UNCERTAIN).tolist() == [UNCERTAIN] * 2
    assert from_opcua(nulls, GOOD).tolist() == [GOOD] * 2
    assert from_words(nulls.cast(pa.string()), {}, None, BAD).tolist() == [BAD] * 2
