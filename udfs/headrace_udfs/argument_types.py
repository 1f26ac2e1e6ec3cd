"""The types of a function's arguments and results: those of contracts, arrays of them, and rows with named fields.

`array<double>` and `row<speed double, tag string>` are written as in Flink SQL, with the types of contracts.
"""

from __future__ import annotations

import re
from functools import cache
from typing import get_args

import pyarrow as pa

from headrace_udfs.types import ARROW, ContractType

_ARRAY = re.compile(r"array<\s*(\w+)\s*>")
_ROW = re.compile(r"row<(.+)>")
_FIELD = re.compile(r"([a-z][a-z0-9_]*)\s+(\w+)")


@cache
def arrow_type(text: str) -> pa.DataType:
    """Return the Arrow type of a type. Raises ValueError for a text that is not one."""
    if text in ARROW:
        return ARROW[text]
    if match := _ARRAY.fullmatch(text):
        return pa.list_(_plain(text, match[1]))
    if match := _ROW.fullmatch(text):
        fields = [_field(text, part.strip()) for part in match[1].split(",")]
        if len({name for name, _ in fields}) < len(fields):
            raise ValueError(f"'{text}' names a field twice")
        return pa.struct(fields)
    raise ValueError(f"'{text}' is not a type; write one of {_known()}, array<double> or row<speed double, tag string>")


def _field(whole: str, text: str) -> tuple[str, pa.DataType]:
    if not (match := _FIELD.fullmatch(text)):
        raise ValueError(f"'{whole}' is not a type; write a row as row<speed double, tag string>")
    return match[1], _plain(whole, match[2])


def _plain(whole: str, text: str) -> pa.DataType:
    if text not in ARROW:
        raise ValueError(f"'{whole}' is not a type: arrays and rows hold one of {_known()}")
    return ARROW[text]


def _known() -> str:
    return ", ".join(get_args(ContractType))
