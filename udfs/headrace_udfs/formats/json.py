"""JSON in bulk: typed structs for whole batches, and proof that nothing in the payloads was passed over.

msgspec keeps the last of two equal keys and skips keys it does not know, both without a word. But each key is followed
by one colon: where a payload has no more colons than the keys and the texts that were read account for, it held no
other key, and every byte of it was decoded. A chunk of payloads is proven so at once; what cannot be proven, or did
not decode, is looked at alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from headrace_udfs.arrays import Positions, spread
from headrace_udfs.contract import Contract
from headrace_udfs.faults import Fault, Refused
from headrace_udfs.formats.base import Decoded, Payloads
from headrace_udfs.formats.json_exact import MAX_DEPTH, ExactDecoder
from headrace_udfs.formats.json_leaves import ARRAYS, leaves
from headrace_udfs.formats.json_shape import Columns, Shape
from headrace_udfs.schemas import Schemas

# How many payloads one with an unknown key makes the decoder look at alone; much smaller, and the calls a chunk show.
CHUNK = 256

_CANNOT = (msgspec.MsgspecError, ValueError, TypeError, RecursionError)


class JsonFormat:
    """One JSON object a payload, one reading an object."""

    def __init__(self, contract: Contract, _schemas: Schemas | None = None) -> None:
        self._leaves = leaves(contract)
        self._texts = [slot for slot, leaf in enumerate(self._leaves) if ARRAYS[leaf.kind] == pa.string()]
        self._max_bytes = contract.max_bytes
        self._exact = ExactDecoder(self._leaves, contract.max_bytes)
        self._shape = Shape(list(enumerate(self._leaves)))
        self._typed = msgspec.json.Decoder(self._shape.struct)
        self._untyped = msgspec.json.Decoder()

    def decode(self, payloads: Payloads) -> Decoded:
        """See Format. Costs least where payloads are good and hold the contract's keys alone."""
        columns: Columns = [[] for _ in self._leaves]
        structs, at = self._structs(payloads)
        plain = payloads if len(at) == len(payloads) else [payloads[i] for i in at.tolist()]
        taken = [at[:0]]
        for start in range(0, len(plain), CHUNK):
            chunk = slice(start, start + CHUNK)
            taken.append(at[chunk][self._take_proven(structs[chunk], plain[chunk], columns)])
        where = np.concatenate(taken)
        if len(where) == len(payloads):
            return Decoded(self._arrays(columns), {})
        left = np.delete(np.arange(len(payloads)), where).tolist()
        faults = self._take_exact(left, payloads, columns)
        where = np.concatenate([where, np.array([i for i in left if i not in faults], np.int64)])
        arrays = {name: spread(array, where, len(payloads)) for name, array in self._arrays(columns).items()}
        return Decoded(arrays, faults)

    def _structs(self, payloads: Payloads) -> tuple[list[Any], Positions]:
        """The structs of all payloads that decode, and the positions of these."""
        structs: list[Any] = []
        failed: list[int] = []
        remaining = iter(payloads)
        while len(structs) + len(failed) < len(payloads):
            try:
                structs.extend(map(self._typed.decode, remaining))  # type: ignore[arg-type]  # None cannot be decoded
            except _CANNOT:
                failed.append(len(structs) + len(failed))
        return structs, np.delete(np.arange(len(payloads)), failed)

    def _take_proven(self, structs: Sequence[Any], payloads: Payloads, columns: Columns) -> slice | list[int]:
        """Append the leaves of those structs that hold all that is in their payloads; returns which these are."""
        which: slice | list[int] = slice(None)
        taken: Columns = [[] for _ in columns]
        accounted = self._shape.take(structs, taken)
        if not self._accounts_for(taken, accounted, payloads):
            which = [i for i, payload in enumerate(payloads) if self._is_whole(payload)]
            taken = [[] for _ in columns]
            self._shape.take([structs[i] for i in which], taken)
        for column, values in zip(columns, taken, strict=True):
            column.extend(values)
        return which

    def _accounts_for(self, taken: Columns, accounted: int, payloads: Payloads) -> bool:
        """Whether the keys of a chunk (`accounted` colons) and the texts taken are all there is in its payloads."""
        text = b"\n".join(payloads)  # type: ignore[arg-type]  # no None was decoded
        if len(text) > self._max_bytes or _escapes_a_colon(text):
            return False
        spare = int(np.count_nonzero(np.frombuffer(text, np.uint8) == ord(":"))) - accounted
        return not spare or spare == sum("".join(filter(None, taken[slot])).count(":") for slot in self._texts)

    def _is_whole(self, payload: bytes | None) -> bool:
        """Whether every key of the payload is a different one, whatever it is called, and none stands too deep."""
        if payload is None or len(payload) > self._max_bytes or _escapes_a_colon(payload):
            return False
        colons = payload.count(b":")
        try:
            document = self._untyped.decode(payload)
            flat = len(document) == colons and b"[" not in payload
            return flat or _colons(document, MAX_DEPTH) == colons
        except _CANNOT:
            return False

    def _take_exact(self, at: Sequence[int], payloads: Payloads, columns: Columns) -> dict[int, Fault]:
        """Append the leaves of the payloads at these positions, by the letter, or tell what is wrong with them."""
        faults: dict[int, Fault] = {}
        for i in at:
            try:
                values = self._exact.decode(payloads[i])
            except Refused as refused:
                faults[i] = refused.fault
                continue
            for column, value in zip(columns, values, strict=True):
                column.append(value)
        return faults

    def _arrays(self, columns: Columns) -> dict[str, pa.Array]:
        return {
            leaf.column: pa.array(column, ARRAYS[leaf.kind]) for leaf, column in zip(self._leaves, columns, strict=True)
        }


def _escapes_a_colon(text: bytes) -> bool:
    """Whether a colon may be spelt \\u003a, and so count where a text is read but not where it stands."""
    return b"\\" in text and b"\\u003" in text


def _colons(container: Any, depth: int) -> int:
    """How many colons the JSON text of an object or array has: one a key, and those within keys and texts.

    Raises RecursionError where objects and arrays stand in one another more than `depth` deep.
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
