"""Qualities as documents have them to what the contract's mapping reads: whole numbers, or words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa

from headrace_udfs.contract_parts import QualitySpec
from headrace_udfs.faults import Code, Fault, shown
from headrace_udfs.formats.rows import texts
from headrace_udfs.formats.rows.convert import Converted
from headrace_udfs.formats.rows.walk import ABSENT
from headrace_udfs.quality import NUMBERED, SYSTEM, VALUE
from headrace_udfs.status_codes import STATUS_CODES
from headrace_udfs.types import QUALITY


def convert(spec: QualitySpec, values: list[Any], from_text: bool) -> Converted:
    """Return the qualities as int64 (opcua, opcda) or as words, null where there is none, and the faults.

    from_text: whether numbers are written as texts.
    """
    read = _READ.get(spec.mapping, word)
    known: dict[tuple[type, Any], Any] = {}
    faults: dict[int, Fault] = {}
    converted: list[Any] = []
    for i, value in enumerate(values):
        kind = type(value)
        if kind not in _KNOWN:
            result = _one(read, value, from_text)
        elif (kind, value) in known:
            result = known[kind, value]
        else:
            result = known[kind, value] = _one(read, value, from_text)
        if isinstance(result, Fault):
            faults[i] = result
            result = None
        converted.append(result)
    return pa.array(converted, pa.int64() if spec.mapping in NUMBERED else pa.string()), faults


_SEVERITY = 0xC0000000
"""The bits of a StatusCode that say whether it is good, uncertain or bad."""

_KNOWN = {str, int, bool, float, type(None), object}
"""Types whose values are mapped once, however often they occur."""


def _one(read: Callable[[Any], Any], value: Any, from_text: bool) -> Any:
    if value is ABSENT or value is None:
        return None
    if isinstance(value, Fault):
        return Fault(value.code, f"{QUALITY}: {value.message}")
    if from_text and isinstance(value, str) and read is not word:
        number = texts.number(value)
        value = number if isinstance(number, int) else value
    return read(value)


def opcua(value: Any) -> int | Fault:
    """Return the StatusCode that a number, a name or an object with Code or Symbol is."""
    if isinstance(value, dict):
        code, symbol = value.get("Code"), value.get("Symbol")
        status = opcua(value.get("Symbol", 0) if code is None else code)  # Good is left out of an object
        named = STATUS_CODES.get(symbol.replace("_", "", 1)) if isinstance(symbol, str) else None
        if named is None or isinstance(status, Fault) or (status % 2**32 ^ named) & _SEVERITY == 0:
            return status
        return Fault(Code.UNKNOWN_QUALITY, f"{QUALITY}: Code and Symbol contradict each other in {shown(value)}")
    if isinstance(value, str):
        name = value.replace("_", "", 1) if value.startswith(("Good_", "Uncertain_", "Bad_")) else value
        if name not in STATUS_CODES:
            return Fault(Code.UNKNOWN_QUALITY, f"{QUALITY}: {shown(value)} is not the name of a StatusCode")
        return STATUS_CODES[name]
    return whole(value)


def whole(value: Any) -> int | Fault:
    """Return a quality that is a whole number of 64 bits at most."""
    is_whole = (type(value) is int) or (isinstance(value, float) and value.is_integer() and abs(value) <= 2**53)
    if isinstance(value, bool) or not is_whole:
        return Fault(Code.WRONG_TYPE, f"{QUALITY}: expected a number, found {shown(value)}")
    if not -(2**63) <= value < 2**63:
        return Fault(Code.UNKNOWN_QUALITY, f"{QUALITY}: {shown(value)} does not fit in 64 bits")
    return int(value)


def word(value: Any) -> str | Fault:
    """Return a word, a number or a boolean as the text that a contract's names have."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return Fault(Code.NOT_UTF8, f"{QUALITY}: a lone surrogate is not a character, in {shown(value)}")
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) <= 2**53:
        value = int(value)
    if isinstance(value, bool | int | float):
        return texts.shown_scalar(value)
    return Fault(Code.WRONG_TYPE, f"{QUALITY}: expected a word, a number or a boolean, found {shown(value)}")


def pi(value: Any) -> str:
    """Return whether a value of PI is a state of the system, not a value."""
    return SYSTEM if isinstance(value, dict) and value.get("IsSystem") is True else VALUE


_READ: dict[str, Callable[[Any], Any]] = {"opcua": opcua, "opcda": whole, "pi": pi}
