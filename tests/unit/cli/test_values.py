"""Values in cells: StatusCodes in words, times without a break."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from headrace.cli import cells, common, quality


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (0, "Good"),
        (0x40000000, "Uncertain"),
        (0x80000000, "Bad"),
        (0x401, "Good"),  # calculated: an information bit
        (0x808C0000, "Bad, sensor failure"),
        (0x808C0000 | 0x400 | 1 << 8, "Bad, sensor failure"),  # with a limit bit
        (0x40900000, "Uncertain, last usable value"),
        (0x40A40401, "Uncertain, data sub-normal"),
        (0x809B0000, "Bad, no data"),
        (0x00960000, "Good, local override"),
        (0x42080000, "Uncertain, 0x42080000"),
        (0xC0000000, "Bad"),
    ],
)
def test_a_status_code_in_words(status: int, words: str) -> None:
    assert quality.in_words(status) == words


ODD = [float("nan"), float("inf"), {"a": -float("inf"), "b": [1.5, (float("nan"),)]}]


def strictly(text: str) -> Any:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)


def test_what_json_cannot_hold_is_null_wherever_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    expected = [None, None, {"a": None, "b": [1.5, [None]]}]
    common.print_json(ODD)
    assert strictly(capsys.readouterr().out) == expected
    common.print_json_list(ODD)
    assert strictly(capsys.readouterr().out) == expected


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (datetime(2026, 3, 1, 6, tzinfo=UTC), "2026-03-01 06:00:00Z"),
        (datetime(2026, 3, 1, 6, 0, 0, 250_000, UTC), "2026-03-01 06:00:00.250Z"),
        (datetime(2026, 3, 1, 6, 0, 0, 1, UTC), "2026-03-01 06:00:00.000001Z"),
        (datetime(2026, 3, 1, 6, tzinfo=timezone(timedelta(hours=1))), "2026-03-01 05:00:00Z"),
        (None, ""),
        (True, "true"),
        (b"\xff", "\\xff"),
        (1.5, "1.5"),
        (12.300000000000001, "12.3"),
        (12_345_678_901.5, "12345678901.5"),
        (float("nan"), "nan"),
    ],
)
def test_a_value_as_a_cell(value: Any, cell: str) -> None:
    assert cells.shown(value) == cell
