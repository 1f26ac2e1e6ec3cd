"""JSON text as documents: exact, and with each fault kept to the value that has it."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from headrace_udfs.faults import Code, Fault, Refused, shown
from headrace_udfs.formats.documents import MAX_DEPTH, Document, Spoilt, text_of

_STRINGS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL)
_MOST_DIGITS = 4_300
"""Digits of the longest whole number that Python parses."""


class JsonText:
    """Parses one JSON value at a time. Not for two threads at a time."""

    def __init__(self) -> None:
        """Prepare the decoder."""
        self._spoilt = False
        self._json = self._decoder()

    def parse(self, payload: bytes) -> Document | Spoilt:
        """Return the JSON value of the payload; Spoilt if values in it cannot be read.

        Such a value is a Fault in the document: NaN and Infinity, an object with a key twice, what is nested too deep,
        and a whole number of over 4,300 digits. Raises Refused if the payload is not exactly one JSON value.
        """
        text = text_of(payload)
        self._spoilt = False
        if text.count("{") + text.count("[") > MAX_DEPTH:
            text, cut = _shallow(text)
        else:
            cut = None
        replaced = _replaced(cut) if cut else None
        try:
            document = self._decoded(text, replaced)
        except json.JSONDecodeError as error:
            if cut:  # its position is not that in the payload
                raise Refused(*next(iter(cut.values()))) from None
            near = shown(text[max(0, error.pos - 20) : error.pos + 20])
            raise Refused(Code.NOT_JSON, f"{error.msg} at character {error.pos}, near {near}") from None
        return Spoilt(document) if self._spoilt or cut else document

    def _decoded(self, text: str, parse_float: Callable[[str], Any] | None) -> Any:
        try:
            return (self._decoder(parse_float) if parse_float else self._json).decode(text)
        except json.JSONDecodeError:
            raise
        except ValueError:  # Python does not parse a whole number of so many digits
            return self._decoder(parse_float, self._whole).decode(text)

    def _decoder(
        self, parse_float: Callable[[str], Any] | None = None, parse_int: Callable[[str], Any] | None = None
    ) -> json.JSONDecoder:
        return json.JSONDecoder(
            object_pairs_hook=self._unique,
            parse_constant=self._not_finite,
            parse_float=parse_float,
            parse_int=parse_int,
        )

    def _spoil(self, fault: Fault) -> Fault:
        self._spoilt = True
        return fault

    def _unique(self, pairs: list[tuple[str, Any]]) -> dict[str, Any] | Fault:
        unique = dict(pairs)
        if len(unique) == len(pairs):
            return unique
        keys = [key for key, _ in pairs]
        repeated = next(key for key in unique if keys.count(key) > 1)
        what = f"key {shown(repeated)} occurs {keys.count(repeated)} times in one object"
        return self._spoil(Fault(Code.DUPLICATE_KEY, what))

    def _not_finite(self, literal: str) -> Fault:
        code = Code.NAN if literal == "NaN" else Code.INFINITY
        what = f"{literal} is not a JSON number; send null or leave the field out"
        return self._spoil(Fault(code, what))

    def _whole(self, digits: str) -> int | Fault:
        if len(digits) <= _MOST_DIGITS:
            return int(digits)
        return self._spoil(Fault(Code.INTEGER_TOO_LARGE, "a whole number has more than 4,300 digits"))


def _outside_strings(text: str, marks: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Return which characters of a text stand outside strings. marks: the characters."""
    if "\\" not in text:
        even: npt.NDArray[np.bool_] = np.cumsum(marks == ord('"')) % 2 == 0
        return even
    bare = _STRINGS.sub(lambda match: '"' * len(match[0]), text)
    outside: npt.NDArray[np.bool_] = np.frombuffer(bare.encode("ascii", "replace"), np.uint8) != ord('"')
    return outside


def _replaced(cut: dict[str, Fault]) -> Callable[[str], Any]:
    """Return a function that reads a number, or the fault that it stands for."""
    return lambda text: cut.get(text) or float(text)


def _shallow(text: str) -> tuple[str, dict[str, Fault] | None]:
    """Return the text with what is nested too deep replaced by numbers, and the fault that each of these stands for."""
    marks = np.frombuffer(text.encode("ascii", "replace"), np.uint8)
    opening = (marks == ord("{")) | (marks == ord("["))
    closing = (marks == ord("}")) | (marks == ord("]"))
    outside = _outside_strings(text, marks)
    opening, closing = opening & outside, closing & outside
    depth = np.cumsum(opening.astype(np.int32) - closing.astype(np.int32))
    if int(np.max(depth, initial=0)) <= MAX_DEPTH:
        return text, None
    starts = np.flatnonzero(opening & (depth == MAX_DEPTH + 1)).tolist()
    ends = np.flatnonzero(closing & (depth == MAX_DEPTH)).tolist()
    deepest = f"nested {int(depth.max()):,} deep; the limit is {MAX_DEPTH}"
    if len(starts) != len(ends):
        raise Refused(Code.NESTED_TOO_DEEP, deepest)
    cut: dict[str, Fault] = {}
    pieces, at = [], 0
    for start, end in zip(starts, ends, strict=True):
        mark = f"{secrets.randbits(60)}e-{len(cut)}"
        cut[mark] = Fault(Code.NESTED_TOO_DEEP, deepest)
        pieces += [text[at:start], mark]
        at = end + 1
    return "".join([*pieces, text[at:]]), cut
