"""Numbers and booleans in texts, read strictly."""

from __future__ import annotations

import re

from headrace_udfs.faults import Code, Fault, shown

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_WHOLE = re.compile(r"[+-]?[0-9]+")
_NAN = re.compile(r"[+-]?nan", re.IGNORECASE)
_INFINITY = re.compile(r"[+-]?inf(?:inity)?", re.IGNORECASE)
_LONGEST = 4_300
"""Digits of the longest whole number that Python parses."""


def number(text: str, decimal: str = ".") -> int | float | Fault | None:
    """Return the number that a text holds, spaces around it aside; None if it holds none.

    decimal: the decimal sign. A number too large for a double is infinite; NaN, Infinity and a whole number of over
    4,300 digits are a Fault.
    """
    stripped = text.strip(" ")
    if decimal != ".":
        if "." in stripped:
            return None
        stripped = stripped.replace(decimal, ".", 1)
    if len(stripped) <= _LONGEST and _WHOLE.fullmatch(stripped):
        return int(stripped)
    if _NUMBER.fullmatch(stripped):
        if _WHOLE.fullmatch(stripped):
            return Fault(Code.INTEGER_TOO_LARGE, "a whole number has more than 4,300 digits")
        return float(stripped)
    if _NAN.fullmatch(stripped):
        return Fault(Code.NAN, f"{shown(text)} is not a number that can be stored; send null or leave the field out")
    if _INFINITY.fullmatch(stripped):
        return Fault(Code.INFINITY, f"{shown(text)} cannot be stored; send null or leave the field out")
    return None


def boolean(text: str) -> bool | None:
    """Return the boolean that a text holds, regardless of case and spaces around it; None if it holds none."""
    return {"true": True, "false": False}.get(text.strip(" ").lower())


def shown_scalar(value: object) -> str:
    """Return a number or a boolean as JSON writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
