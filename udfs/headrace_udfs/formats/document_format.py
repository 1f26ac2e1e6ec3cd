"""Formats that make documents of messages: one class for all of them, with a parser for each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from headrace_udfs.arrays import Positions
from headrace_udfs.contract import Contract
from headrace_udfs.faults import Code, Fault, Refused
from headrace_udfs.format_names import FORMAT_FACTS
from headrace_udfs.formats.base import Decoded, Parser, too_large
from headrace_udfs.formats.bounds import MANY, bounded, too_short
from headrace_udfs.formats.documents import Documents, Spoilt
from headrace_udfs.formats.json_bulk import UNPROVEN
from headrace_udfs.formats.json_text import JsonText
from headrace_udfs.formats.rows.around import Around
from headrace_udfs.formats.rows.extract import Extractor, payload_columns
from headrace_udfs.formats.rows.spoilt import split
from headrace_udfs.formats.rows.walk import Rows, walk
from headrace_udfs.messages import Message, Messages
from headrace_udfs.paths import EACH, RowPath

Bulk = Callable[[Sequence[bytes | None], int], list[Any]]
"""Returns the document of each value, or UNPROVEN; the number is the most bytes that a value may have."""


class Parsed(NamedTuple):
    """Documents of messages, or the Fault of each that cannot be read.

    owner: the position of the message of each, ascending. spoilt: the positions of the documents that have faults.
    """

    documents: list[Any]
    owner: Positions
    spoilt: set[int]


class JsonParser:
    """JSON text: one document per message, of any type."""

    def __init__(self) -> None:
        """Prepare the decoder."""
        self._json = JsonText()

    def parse(self, message: Message) -> Documents:
        """See Parser."""
        return [self._json.parse(message.value)]


class DocumentFormat:
    """Reads the rows of the documents that a parser makes of each message."""

    def __init__(self, contract: Contract, parser: Parser | JsonParser, bulk: Bulk | None = None) -> None:
        """Prepare to decode messages of `contract`. bulk: reads many values before the parser reads the others."""
        facts = FORMAT_FACTS[contract.format]
        self._parser, self._bulk = parser, bulk
        self._max_bytes = contract.max_bytes
        self._enveloped = contract.envelope is not None
        self._path: RowPath = contract.rows or ((EACH,) if contract.format == "json_array" else ())
        self._many = contract.many
        self._too_short: Callable[[int, int], Fault | None] | None = too_short(contract) if facts.json else None
        self._extractor = Extractor(contract, payload_columns(contract), facts.untyped, facts.overflows)

    def decode(self, messages: Messages) -> Decoded:
        """See Format. Raises RegistryFailed if the parser does."""
        decoded = self.read(self.parsed(messages), messages)
        return bounded(decoded, messages) if self._many else decoded

    def parsed(self, messages: Messages) -> Parsed:
        """Return the documents of the messages. Raises RegistryFailed if the parser does."""
        documents: list[Any] = []
        owner: list[int] = []
        spoilt: set[int] = set()
        values = list(messages.values)
        known = self._bulk(values, self._max_bytes) if self._bulk else ()
        for position, value in enumerate(values):
            if known and known[position] is not UNPROVEN:
                documents.append(known[position])
                owner.append(position)
                continue
            for document in self._documents(messages, position, value):
                if isinstance(document, Spoilt):
                    spoilt.add(len(documents))
                documents.append(document.value if isinstance(document, Spoilt) else document)
                owner.append(position)
        return Parsed(documents, np.array(owner, np.int64), spoilt)

    def _documents(self, messages: Messages, position: int, value: bytes | None) -> Documents:
        if value is None:
            return [Fault(Code.NULL_PAYLOAD, "the message has no value")]
        if len(value) > self._max_bytes:
            return [too_large(self._max_bytes)]
        if not value and not self._enveloped:
            return [Fault(Code.EMPTY_PAYLOAD, "0 bytes, and nothing but white space")]
        try:
            return self._parser.parse(messages.message(position, value))
        except Refused as refused:
            return [refused.fault]

    def read(self, parsed: Parsed, messages: Messages) -> Decoded:
        """Return the rows of the documents of messages."""
        documents, owner, spoilt = parsed

        def walked() -> Rows:
            return walk(documents, owner, self._path, len(messages))

        rows, around = walked(), Around(messages)
        if self._many and (short := self._with_short_rows(rows, messages)):
            for position, fault in short.items():
                documents[int(np.searchsorted(owner, position))] = fault
            rows = walked()
        if not spoilt:
            return self._extractor.read(rows, around)
        within, outside = split(rows, documents, spoilt)
        if outside:
            named = self._extractor.named(outside, rows, around)
            for document, fault in named.items():
                documents[document] = fault
            rows = walked()
            within, _ = split(rows, documents, spoilt - outside.keys())
        return self._extractor.read(rows, around, within)

    def _with_short_rows(self, rows: Rows, messages: Messages) -> dict[int, Fault]:
        """Return why messages are refused because of their many short rows, by position."""
        if self._too_short is None:
            return {}
        counts = np.bincount(rows.owner, minlength=len(messages))
        faults = {}
        for position in np.flatnonzero(counts > MANY).tolist():
            if fault := self._too_short(int(counts[position]), len(messages.values[position] or b"")):
                faults[position] = fault
        return faults
