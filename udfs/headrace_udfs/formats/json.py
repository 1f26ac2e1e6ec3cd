"""JSON in bulk: decodes whole batches into typed structs, and proves that nothing in the payloads was ignored.

msgspec silently keeps the last of two equal keys and skips keys that it does not know. But exactly one colon follows
each key: if a payload has no more colons than the decoded keys and texts account for, it has no other key, and all of
its bytes were decoded. A whole chunk of payloads is proven in one step; payloads without such a proof, and those that
did not decode, are decoded one by one.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from headrace_udfs.contract import Contract
from headrace_udfs.formats.base import Decoded
from headrace_udfs.formats.document_format import DocumentFormat, JsonParser
from headrace_udfs.formats.documents import MAX_DEPTH
from headrace_udfs.formats.finish import Finish, joined
from headrace_udfs.formats.json_leaves import ARRAYS, leaves
from headrace_udfs.formats.json_shape import Columns, Shape
from headrace_udfs.formats.json_structs import DECODE_ERRORS, Chunk, StructDecoder
from headrace_udfs.formats.rows.extract import payload_columns
from headrace_udfs.formats.rows.texts import shown_scalar
from headrace_udfs.lines import Lines
from headrace_udfs.messages import Messages
from headrace_udfs.schemas import Schemas


class JsonFormat:
    """One JSON object per payload, which is one reading."""

    def __init__(self, contract: Contract, _schemas: Schemas | None = None) -> None:
        """Prepare to decode payloads of `contract`, which is flat."""
        self._leaves = leaves(contract, payload_columns(contract))
        self._texts = [slot for slot, leaf in enumerate(self._leaves) if ARRAYS[leaf.kind] == pa.string()]
        self._words = [slot for slot, leaf in enumerate(self._leaves) if leaf.kind == "word"]
        self._exact = DocumentFormat(contract, JsonParser())
        self._finish = Finish(contract)
        self._shape = Shape(list(enumerate(self._leaves)))
        self._structs = StructDecoder(self._shape.struct, contract.max_bytes)
        self._untyped = msgspec.json.Decoder()

    def decode(self, messages: Messages) -> Decoded:
        """See Format. Fastest for valid payloads that have only the contract's keys."""
        payloads = Lines.of(messages.values)
        columns: Columns = [[] for _ in self._leaves]
        chunks = self._structs.chunks(payloads)
        taken = [chunk.at[self._take_proven(chunk, payloads, columns)] for chunk in chunks]
        where = np.concatenate(taken) if taken else np.arange(0)
        proven = self._finish.decoded(self._arrays(columns))
        if len(where) == len(payloads):
            return proven
        left = np.delete(np.arange(len(payloads)), where)
        return joined(proven, where, self._exact.decode(messages.take(left)), left)

    def _take_proven(self, chunk: Chunk, payloads: Lines, columns: Columns) -> slice | list[int]:
        """Append the leaves of the structs that account for their whole payloads; return their indices."""
        which: slice | list[int] = slice(None)
        taken: Columns = [[] for _ in columns]
        accounted = self._shape.take(chunk.structs, taken)
        self._write_words(taken)
        if not self._accounts_for(taken, accounted, chunk.text):
            which = [i for i, position in enumerate(chunk.at.tolist()) if self._is_whole(payloads[position])]
            taken = [[] for _ in columns]
            self._shape.take([chunk.structs[i] for i in which], taken)
            self._write_words(taken)
        for column, values in zip(columns, taken, strict=True):
            column.extend(values)
        return which

    def _write_words(self, taken: Columns) -> None:
        """Make texts of the numbers and booleans that are words of a quality."""
        for slot in self._words:
            if {*map(type, taken[slot])} - {str, type(None)}:
                taken[slot] = [v if v is None or type(v) is str else shown_scalar(v) for v in taken[slot]]

    def _accounts_for(self, taken: Columns, accounted: int, text: bytes) -> bool:
        """Return whether the keys of a chunk (`accounted` colons) and the texts taken account for all colons in it."""
        if _escapes_a_colon(text):
            return False
        spare = int(np.count_nonzero(np.frombuffer(text, np.uint8) == ord(":"))) - accounted
        return not spare or spare == sum("".join(filter(None, taken[slot])).count(":") for slot in self._texts)

    def _is_whole(self, payload: bytes | None) -> bool:
        """Return whether no object in the payload has a key twice, and nothing is nested too deep."""
        if payload is None or _escapes_a_colon(payload):
            return False
        colons = payload.count(b":")
        try:
            document = self._untyped.decode(payload)
            flat = len(document) == colons and b"[" not in payload
            return flat or _colons(document, MAX_DEPTH) == colons
        except DECODE_ERRORS:
            return False

    def _arrays(self, columns: Columns) -> dict[str, pa.Array]:
        return {
            leaf.column: _array(column, ARRAYS[leaf.kind]) for leaf, column in zip(self._leaves, columns, strict=True)
        }


def _array(values: list[Any], kind: pa.DataType) -> pa.Array:
    if kind == pa.int64():
        with suppress(TypeError):  # there is a None among them
            return pa.array(np.array(values, np.int64))  # takes half as long as pyarrow alone
    return pa.array(values, kind)


def _escapes_a_colon(text: bytes) -> bool:
    """Return whether a colon may be written as \\u003a, which is a colon in the decoded text but not in the payload."""
    return b"\\" in text and b"\\u003" in text


def _colons(container: Any, depth: int) -> int:
    """Return the number of colons in the JSON text of an object or array: one per key, and those inside keys and texts.

    Raises RecursionError if objects and arrays are nested more than `depth` deep.
    """
    if depth == 0:
        raise RecursionError
    total = 0
    if type(container) is dict:
        total = len(container) + "".join(container).count(":")
        container = container.values()
    for value in container:
        kind = type(value)
        if kind is str:
            total += value.count(":")
        elif kind is dict or kind is list:
            total += _colons(value, depth - 1)
    return total
