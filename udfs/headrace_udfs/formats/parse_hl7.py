"""HL7 v2 messages in ER7, the encoding with pipes: segments by name, fields, components and subcomponents by number."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple

from headrace_udfs.faults import Code, Refused, shown
from headrace_udfs.formats.documents import ITEMS, MAX_VALUES, Document, Wanted, too_many_values

_FRAME = re.compile(rb"\x0b(.*)\x1c\r?", re.DOTALL)
"""The bytes around a message that is sent over MLLP."""

_SEGMENT = re.compile(r"[A-Z][A-Z0-9]{2}")
_CHARSETS: Mapping[str, str] = {"": "utf-8", "UNICODE UTF-8": "utf-8", "UTF-8": "utf-8", "ASCII": "ascii"}
_LATIN = re.compile(r"8859/(\d\d?)")
_BREAK = re.compile(r"\r\n|\r|\n")
_HEX = re.compile(r"X(?:[0-9A-Fa-f]{2})+")
_NULL = '""'


class Separators(NamedTuple):
    """The characters that MSH-1 and MSH-2 define."""

    field: str
    component: str
    repetition: str
    escape: str
    subcomponent: str


def parse(payload: bytes, wanted: Wanted) -> Document:
    """Return the segments that are wanted, by name.

    A segment is a list if its items are wanted or if there are several; its fields are by number, as in the standard:
    `MSH.9.1`, `OBX[].5`. A field is its text if nothing below it is wanted and it has one component, and a list if it
    is repeated or its items are wanted; else its components are by number, and their subcomponents. The first component
    of a field without components is the field, and likewise for subcomponents. What is empty is missing; `""` is None.
    Below a segment, `OBR[].OBX[]` are the OBX that follow this OBR, up to the next one. Raises Refused.
    """
    text, separators, charset = _text(payload)
    rows = [line.split(separators.field) for line in _BREAK.split(text) if line]
    _check(rows)
    return _segments(rows, wanted, _Reader(separators, charset))


def _text(payload: bytes) -> tuple[str, Separators, str]:
    """Return the text of the message, its separators, and its character set as Python names it. Raises Refused."""
    if framed := _FRAME.fullmatch(payload):
        payload = framed[1]
    if not payload.strip(b" \t\r\n"):
        raise Refused(Code.EMPTY_PAYLOAD, f"{len(payload)} bytes, and nothing but white space")
    latin = payload.decode("latin-1")
    if not latin.startswith("MSH"):
        raise Refused(Code.NOT_HL7, f"the message does not begin with MSH, but with {shown(latin[:8])}")
    head = _BREAK.split(latin, maxsplit=1)[0]
    separators = _separators(head)
    header = head.split(separators.field)
    charset = _charset(header[17].split(separators.repetition)[0] if len(header) > 17 else "")
    try:
        text = payload.decode(charset)
    except UnicodeDecodeError as error:
        byte = payload[error.start]
        what = f"byte 0x{byte:02x} at position {error.start} is not {charset}: {error.reason}"
        raise Refused(Code.NOT_UTF8 if charset == "utf-8" else Code.WRONG_CHARSET, what) from None
    if (values := sum(map(text.count, separators)) + text.count("\r")) > MAX_VALUES:
        raise too_many_values(values)
    return text, separators, charset


def _separators(head: str) -> Separators:
    field = head[3:4]
    others = head[4:].split(field, 1)[0] if field else ""
    characters = field + others
    distinct = len(set(characters)) == len(characters) and not re.search(r"[\w\s]", characters)
    if len(others) not in (4, 5) or not distinct or not characters.isascii():
        what = f"MSH-1 and MSH-2 are {shown(characters[:20])}: five different signs are expected, like"
        raise Refused(Code.HL7_SEPARATORS, f"{what} |^~\\&")
    return Separators(field, *others[:4])


def _charset(name: str) -> str:
    if latin := _LATIN.fullmatch(name):
        return f"iso8859-{latin[1]}" if int(latin[1]) in range(1, 12) else _unknown(name)
    return _CHARSETS.get(name) or _unknown(name)


def _unknown(name: str) -> str:
    raise Refused(Code.WRONG_CHARSET, f"MSH-18 is {shown(name)}, which is not supported; send UNICODE UTF-8")


def _check(rows: Sequence[Sequence[str]]) -> None:
    for number, row in enumerate(rows, 1):
        if not _SEGMENT.fullmatch(row[0]):
            raise Refused(
                Code.NOT_HL7, f"segment {number} begins with {shown(row[0][:8])}, not with the name of a segment"
            )
        if row[0] == "MSH" and number > 1:
            raise Refused(Code.TRAILING_BYTES, f"another message begins at segment {number}")


@cache
def _number(key: str) -> int:
    """Return the number that a key of a contract is; -1 if it is not one."""
    return int(key) if key.isascii() and key.isdigit() else -1


class _Reader:
    """Reads fields of one message."""

    def __init__(self, separators: Separators, charset: str) -> None:
        self._repetition = separators.repetition
        self._parts = (separators.component, separators.subcomponent)
        self._escape, self._charset = separators.escape, charset
        self._escaped = re.compile(f"{re.escape(self._escape)}([^{re.escape(self._escape)}]*){re.escape(self._escape)}")
        self._signs = {
            "F": separators.field, "S": separators.component, "T": separators.subcomponent,
            "R": separators.repetition, "E": separators.escape, ".br": "\n", "H": "", "N": "",
        }  # fmt: skip

    def segment(self, row: Sequence[str], wanted: Wanted) -> dict[str, Document]:
        """Return the fields of a segment that are wanted, by number."""
        if row[0] == "MSH":  # MSH-1 is the first separator itself, and MSH-2 is made of the others
            head = {"1": self._signs["F"], "2": row[1]}
            return {**{name: text for name, text in head.items() if name in wanted}, **self._fields(row[2:], 3, wanted)}
        return self._fields(row[1:], 1, wanted)

    def _fields(self, texts: Sequence[str], first: int, wanted: Wanted) -> dict[str, Document]:
        found: dict[str, Document] = {}
        for key, below in wanted.items():
            at = _number(key) - first
            if 0 <= at < len(texts) and texts[at]:
                found[key] = self._field(texts[at], below)
        return found

    def _field(self, text: str, wanted: Wanted) -> Document:
        if ITEMS not in wanted and self._repetition not in text:
            return self._value(text, wanted, self._parts)
        repetitions = text.split(self._repetition)
        if ITEMS in wanted:
            return [self._value(each, wanted[ITEMS], self._parts) for each in repetitions]
        return [self._value(each, wanted, self._parts) for each in repetitions]

    def _value(self, text: str, wanted: Wanted, separators: Sequence[str]) -> Document:
        """Return a field, a component or a subcomponent; `separators` are those between the parts below it."""
        if text == _NULL or not text:
            return None
        if not wanted and not any(separator in text for separator in separators):
            return self._unescaped(text)
        parts = text.split(separators[0]) if separators else [text]
        below = separators[1:]
        if not wanted:
            return {str(n): self._value(part, {}, below) for n, part in enumerate(parts, 1) if part}
        at = {key: _number(key) - 1 for key in wanted}
        return {
            key: self._value(parts[i], wanted[key], below) for key, i in at.items() if -1 < i < len(parts) and parts[i]
        }

    def _unescaped(self, text: str) -> str:
        return self._escaped.sub(self._meant, text) if self._escape in text else text

    def _meant(self, escape: re.Match[str]) -> str:
        """Return what an escape sequence stands for; itself if that is not known."""
        if _HEX.fullmatch(escape[1]):
            try:
                return bytes.fromhex(escape[1][1:]).decode(self._charset)
            except UnicodeDecodeError:
                return escape[0]
        return self._signs.get(escape[1], escape[0])


def _segments(rows: Sequence[Sequence[str]], wanted: Wanted, reader: _Reader) -> dict[str, Document]:
    """Return the segments that are wanted, by name, each with the wanted ones that follow it below it."""
    found: dict[str, Document] = {}
    for name, below in wanted.items():
        at = [i for i, row in enumerate(rows) if row[0] == name]
        if not at:
            continue
        fields = below.get(ITEMS, below)
        inner = {key: value for key, value in fields.items() if _SEGMENT.fullmatch(key)}
        segments = []
        for i, end in zip(at, [*at[1:], len(rows)], strict=True):
            following = _segments(rows[i + 1 : end], inner, reader) if inner else {}
            segments.append({**reader.segment(rows[i], fields), **following})
        found[name] = segments if ITEMS in below or len(segments) > 1 else segments[0]
    return found
