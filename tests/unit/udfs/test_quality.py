"""Qualities of every mapping become OPC UA StatusCodes of the same severity."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace_udfs.quality import SEVERITY, UNKNOWN, from_names, from_opcda, from_opcua

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
        (196, 0x00000000),
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
    assert status == UNKNOWN if expected is None else status & 0xC0000000 == expected


@given(st.integers(-(2**63), 2**63 - 1))
def test_a_valid_status_code_of_opc_ua_stays_as_it_is(status: int) -> None:
    known = 0 <= status < 2**32 and status >> 30 != 0b11
    assert from_opcua(pa.array([status]), BAD).tolist() == [status if known else UNKNOWN]


def test_the_case_of_names_is_ignored() -> None:
    words = pa.array(["Good", "BAD", "uncertain", "STALE", "odd", None])
    statuses = from_names(words, {"stale": "uncertain", "good": "bad"}, UNCERTAIN).tolist()
    assert statuses == [BAD, BAD, UNCERTAIN, UNCERTAIN, UNKNOWN, UNCERTAIN]


def test_a_missing_quality_is_the_one_that_the_contract_names() -> None:
    nulls = pa.array([None, None], pa.int64())
    assert from_opcda(nulls, UNCERTAIN).tolist() == [UNCERTAIN] * 2
    assert from_opcua(nulls, GOOD).tolist() == [GOOD] * 2
    assert from_names(nulls.cast(pa.string()), {}, BAD).tolist() == [BAD] * 2
