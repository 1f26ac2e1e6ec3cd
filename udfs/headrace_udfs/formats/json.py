"""JSON in bulk: decodes whole batches into typed structs, and proves that nothing in the payloads was ignored.

msgspec silently keeps the last of two equal keys and skips keys that it does not know. But exactly one colon follows
each key: if a payload has no more colons than the decoded keys and texts account for, it has no other key, and all of
its bytes were decoded. A whole chunk of payloads is proven in one step; payloads without such a proof, and those that
did not decode, are decoded one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from headrace_udfs.arrays import Positions
from headrace_udfs.contract import Contract
from headrace_udfs.formats.base import Decoded, Payloads
from headrace_udfs.formats.document_format import DocumentFormat, JsonParser
from headrace_udfs.formats.documents import MAX_DEPTH
from headrace_udfs.formats.finish import Finish, joined
from headrace_udfs.formats.json_leaves import ARRAYS, leaves
from headrace_udfs.formats.json_shape import Columns, Shape
from headrace_udfs.formats.rows.extract import payload_columns
from headrace_udfs.formats.rows.texts import shown_scalar
from headrace_udfs.messages import Messages
from headrace_udfs.schemas import Schemas

CHUNK = 256
"""Payloads per chunk: if one of them has an unknown key, the whole chunk is checked one by one.

A much smaller chunk makes the cost of the calls per chunk noticeable.
"""

_DECODE_ERRORS = (msgspec.MsgspecError, ValueError, TypeError, RecursionError)


class JsonFormat:
    """One JSON object per payload, which is one reading."""

    def __init__(self, contract: Contract, _schemas: Schemas | None = None) -> None:
        """Prepare to decode payloads of `contract`, which is flat."""
        self._leaves = leaves(contract, payload_columns(contract))
        self._texts = [slot for slot, leaf in enumerate(self._leaves) if ARRAYS[leaf.kind] == pa.string()]
        self._words = [slot for slot, leaf in enumerate(self._leaves) if leaf.kind == "word"]
        self._max_bytes = contract.max_bytes
        self._exact = DocumentFormat(contract, JsonParser())
        self._finish = Finish(contract)
        self._shape = Shape(list(enumerate(self._leaves)))
        self._typed = msgspec.json.Decoder(self._shape.struct)
        self._untyped = msgspec.json.Decoder()

    def decode(self, messages: Messages) -> Decoded:
        """See Format. Fastest for valid payloads that have only the contract's keys."""
        payloads = messages.values
        columns: Columns = [[] for _ in self._leaves]
        structs, at = self._structs(payloads)
        candidates = payloads if len(at) == len(payloads) else [payloads[i] for i in at.tolist()]
        taken = [at[:0]]
        for start in range(0, len(candidates), CHUNK):
            chunk = slice(start, start + CHUNK)
            taken.append(at[chunk][self._take_proven(structs[chunk], candidates[chunk], columns)])
        where = np.concatenate(taken)
        proven = self._finish.decoded(self._arrays(columns))
        if len(where) == len(payloads):
            return proven
        left = np.delete(np.arange(len(payloads)), where)
        return joined(proven, where, self._exact.decode(messages.take(left)), left)

    def _structs(self, payloads: Payloads) -> tuple[list[Any], Positions]:
        """Return the structs of all payloads that decode, and the positions of these payloads."""
        structs: list[Any] = []
        failed: list[int] = []
        remaining = iter(payloads)
        while len(structs) + len(failed) < len(payloads):
            try:
                structs.extend(map(self._typed.decode, remaining))  # type: ignore[arg-type]  # None cannot be decoded
            except _DECODE_ERRORS:
                failed.append(len(structs) + len(failed))
        return structs, np.delete(np.arange(len(payloads)), failed)

    def _take_proven(self, structs: Sequence[Any], payloads: Payloads, columns: Columns) -> slice | list[int]:
        """Append the leaves of the structs that account for their whole payloads; return their indices."""
        which: slice | list[int] = slice(None)
        taken: Columns = [[] for _ in columns]
        accounted = self._shape.take(structs, taken)
        self._write_words(taken)
        if not self._accounts_for(taken, accounted, payloads):
            which = [i for i, payload in enumerate(payloads) if self._is_whole(payload)]
            taken = [[] for _ in columns]
            self._shape.take([structs[i] for i in which], taken)
            self._write_words(taken)
        for column, values in zip(columns, taken, strict=True):
            column.extend(values)
        return which

    def _write_words(self, taken: Columns) -> None:
        """Make texts of the numbers and booleans that are words of a quality."""
        for slot in self._words:
            if {*map(type, taken[slot])} - {str, type(None)}:
                taken[slot] = [v if v is None or type(v) is str else shown_scalar(v) for v in taken[slot]]

    def _accounts_for(self, taken: Columns, accounted: int, payloads: Payloads) -> bool:
        """Return whether the keys of a chunk (`accounted` colons) and the texts taken account for all colons in it."""
        text = b"\n".join(payloads)  # type: ignore[arg-type]  # None does not decode
        if max(map(len, payloads), default=0) > self._max_bytes or _escapes_a_colon(text):  # type: ignore[arg-type]
            return False
        spare = int(np.count_nonzero(np.frombuffer(text, np.uint8) == ord(":"))) - accounted
        return not spare or spare == sum("".join(filter(None, taken[slot])).count(":") for slot in self._texts)

    def _is_whole(self, payload: bytes | None) -> bool:
        """Return whether no object in the payload has a key twice, and nothing is nested too deep."""
        if payload is None or len(payload) > self._max_bytes or _escapes_a_colon(payload):
            return False
        colons = payload.count(b":")
        try:
            document = self._untyped.decode(payload)
            flat = len(document) == colons and b"[" not in payload
            return flat or _colons(document, MAX_DEPTH) == colons
        except _DECODE_ERRORS:
            return False

    def _arrays(self, columns: Columns) -> dict[str, pa.Array]:
        return {
            leaf.column: pa.array(column, ARRAYS[leaf.kind]) for leaf, column in zip(self._leaves, columns, strict=True)
        }


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
