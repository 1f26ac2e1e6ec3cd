"""JSON in bulk: typed structs for whole batches, and proof that nothing in the payloads was passed over.

msgspec keeps the last of two equal keys and skips keys it does not know, both without a word. But each key is followed
by one colon: where a payload has no more colons than the keys and the texts that were read account for, it held no
other key, and every byte of it was decoded. A chunk of payloads is proven so at once; what cannot be proven, or did
not decode, is looked at alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pyarrow as pa

from headrace_udfs.arrays import spread
from headrace_udfs.faults import Fault, Refused
from headrace_udfs.formats.base import Decoded, Payloads
from headrace_udfs.formats.json_exact import MAX_DEPTH, ExactDecoder
from headrace_udfs.formats.json_leaves import ARRAYS, leaves
from headrace_udfs.formats.json_shape import Columns, Shape

if TYPE_CHECKING:
    from headrace_udfs.contract import Contract

# How many payloads one with an unknown key makes the decoder look at alone; much smaller, and the calls a chunk show.
CHUNK = 256

_CANNOT = (msgspec.MsgspecError, ValueError, TypeError, RecursionError)


class JsonFormat:
    """One JSON object a payload, one reading an object."""

    def __init__(self, contract: Contract) -> None:
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
        structs, where, left = self._structs(payloads)
        order: list[int] = []
        for start in range(0, len(structs), CHUNK):
            chunk = slice(start, start + CHUNK)
            order += self._take_proven(structs[chunk], where[chunk], payloads, columns)
        if len(order) < len(payloads):
            left = sorted(set(range(len(payloads))).difference(order))
        faults = self._take_exact(left, payloads, columns, order)
        ...
