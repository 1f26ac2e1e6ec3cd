"""Values that stand around a message: its key, headers, topic and timestamp."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import pyarrow as pa

from headrace_udfs.faults import Code, Fault, Refused
from headrace_udfs.formats.documents import Spoilt
from headrace_udfs.formats.json_text import JsonText
from headrace_udfs.formats.rows.paths import PathReader
from headrace_udfs.formats.rows.walk import ABSENT
from headrace_udfs.messages import Headers, Messages
from headrace_udfs.places import Place
from headrace_udfs.topic_levels import parts_of


class RecordTime(int):
    """The timestamp of a record, in milliseconds since 1970."""


class Around:
    """What stands around the messages of one batch, each read once however many columns take it."""

    def __init__(self, messages: Messages) -> None:
        """Take the messages whose keys, headers, topics and timestamps are read."""
        self._messages = messages
        self._read: dict[Hashable, list[Any]] = {}

    def read(self, place: Place) -> list[Any]:
        """Return, per message, a text, a RecordTime, a value of a path in JSON, ABSENT, or the Fault of reading it."""
        if place.where not in self._read:
            self._read[place.where] = self._values(place)
        return self._read[place.where]

    def _values(self, place: Place) -> list[Any]:
        messages = self._messages
        if place.from_ == "record_time":
            times = messages.times
            return [ABSENT] * len(messages) if times is None else list(map(RecordTime, times.tolist()))
        if place.from_ == "topic":
            topics = messages.topics
            texts: list[Any] = [topics] * len(messages) if isinstance(topics, str) else list(topics or ())
            return parts(place, texts or [ABSENT] * len(messages))
        if place.from_ == "header":
            name = place.header or ""
            raw: Sequence[bytes | None] = [_last(name, headers) for headers in messages.headers or ()]
            what = f"the header '{name}'"
        else:
            raw, what = messages.keys or (), "the key"
        values = _each(raw or [None] * len(messages), lambda value: _text(value, what))
        return _in_json(place, values, what) if place.path is not None else parts(place, values)


def parts(place: Place, values: list[Any]) -> list[Any]:
    """Return the part of each text that the place reads, ABSENT where there is none; other values stay."""
    if place.level is None and place.match is None:
        return values
    unique = list({value: None for value in values if type(value) is str})
    found = parts_of(place, pa.array(unique, pa.string())).to_pylist()
    part = {text: ABSENT if found_ is None else found_ for text, found_ in zip(unique, found, strict=True)}
    return [part[value] if type(value) is str else value for value in values]


def _each(values: Sequence[bytes | None], read: Callable[[bytes | None], Any]) -> list[Any]:
    """Return `read` of each value, called once for equal ones."""
    known = {value: read(value) for value in dict.fromkeys(values)}
    return [known[value] for value in values]


LONGEST = 2**16
"""The longest key that is read, and the most bytes of all headers of a record, in bytes."""

CUT = "headrace.headers.cut"
"""The one header of a record whose headers were longer (BoundedRecords in jobs/java)."""

_TOO_LONG = bytes(LONGEST + 1)


def _last(name: str, headers: Headers) -> bytes | None:
    if headers and headers[0][0] == CUT:
        return _TOO_LONG
    return next((value for header, value in reversed(headers) if header == name), None)


def _text(value: bytes | None, what: str) -> Any:
    if value is None:
        return ABSENT
    if len(value) > LONGEST:
        bound = f"a key, and all headers of a record, may have {LONGEST:,} bytes"
        return Fault(Code.PAYLOAD_TOO_LARGE, f"{what} is not kept: {bound}")
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        return Fault(Code.NOT_UTF8, f"{what} is not UTF-8: byte 0x{value[error.start]:02x} at {error.start}")


def _in_json(place: Place, values: list[Any], what: str) -> list[Any]:
    """Return the value at the place's path in each text, which is JSON."""
    unique = list({value: None for value in values if type(value) is str})
    documents = [_document(text, what) for text in unique]
    found = PathReader(place.path or (), frozenset()).read(documents)
    known = dict(zip(unique, parts(place, found), strict=True))
    return [known[value] if type(value) is str else value for value in values]


_JSON = JsonText()


def _document(text: str, what: str) -> Any:
    try:
        document = _JSON.parse(text.encode())
    except Refused as refused:
        return Fault(refused.fault.code, f"{what}: {refused.fault.message}")
    return document.value if isinstance(document, Spoilt) else document
