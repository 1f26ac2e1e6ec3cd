"""JSON objects as typed structs, many of them in one call.

msgspec decodes one object after the other from a text, and does not say where each ends. In a chunk whose payloads all
begin with { and end with }, it cannot have taken the end of one and the beginning of the next for an object: a newline
is between them, which no string may contain, and { cannot follow } within an object or an array. So each payload is at
least one object, and it is exactly one if there are as many objects as payloads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from headrace_udfs.arrays import Positions
from headrace_udfs.lines import Lines

CHUNK = 256
"""Payloads per chunk: if one of them is odd, the whole chunk is looked at one by one.

A much smaller chunk makes the cost of the calls per chunk noticeable.
"""

DECODE_ERRORS = (msgspec.MsgspecError, ValueError, TypeError, RecursionError)

UNDECODED = object()
"""Stands for a text that does not decode."""

_SPACE = np.zeros(256, bool)
_SPACE[list(b" \t\r\n")] = True


@dataclass(frozen=True)
class Chunk:
    """Payloads that decode.

    at: their positions. structs: what each of them is. text: their bytes, with newlines between them.
    """

    at: Positions
    structs: list[Any]
    text: bytes


class StructDecoder:
    """Decodes payloads that are one object each."""

    def __init__(self, struct: type[msgspec.Struct], max_bytes: int) -> None:
        """struct: the type of the objects. max_bytes: of the longest payload."""
        self._decoder = msgspec.json.Decoder(struct)
        self._max_bytes = max_bytes

    def chunks(self, payloads: Lines) -> Iterator[Chunk]:
        """Yield the payloads that decode, in their order."""
        fits = (payloads.lengths > 0) & (payloads.lengths <= self._max_bytes)
        kind = fits + (fits & _are_objects(payloads)).astype(np.int8)
        edges = {*range(0, len(payloads), CHUNK), *(np.flatnonzero(np.diff(kind)) + 1).tolist(), len(payloads)}
        for start, stop in pairwise(sorted(edges)):
            if kind[start] == 2:
                yield self._at_once(payloads, start, stop) or self._one_by_one(payloads, start, stop)
            elif kind[start] == 1:
                yield self._one_by_one(payloads, start, stop)

    def _at_once(self, payloads: Lines, start: int, stop: int) -> Chunk | None:
        text = payloads.between(start, stop)
        try:
            structs = self._decoder.decode_lines(text)
        except DECODE_ERRORS:
            return None
        return Chunk(np.arange(start, stop), structs, text) if len(structs) == stop - start else None

    def _one_by_one(self, payloads: Lines, start: int, stop: int) -> Chunk:
        texts = [*payloads[start:stop]]
        structs = one_by_one(self._decoder, texts)
        at = [i for i, struct in enumerate(structs) if struct is not UNDECODED]
        text = b"\n".join([texts[i] or b"" for i in at])
        return Chunk(start + np.array(at, np.int64), [structs[i] for i in at], text)


def one_by_one(decoder: msgspec.json.Decoder[Any], texts: Sequence[bytes | None]) -> list[Any]:
    """Return what each text decodes to; UNDECODED for one that does not, or is None."""
    found: list[Any] = []
    remaining = iter(texts)
    while len(found) < len(texts):
        try:
            found.extend(map(decoder.decode, remaining))  # type: ignore[arg-type]  # None cannot be decoded
        except DECODE_ERRORS:
            found.append(UNDECODED)  # the loop goes on after it
    return found


def _are_objects(payloads: Lines) -> npt.NDArray[np.bool_]:
    """Return which payloads begin with { and end with }, of those that are not empty. Two spaces may follow."""
    text = np.frombuffer(payloads.text, np.uint8)
    starts, last = payloads.starts, np.maximum(payloads.starts + payloads.lengths - 1, 0)
    for _ in range(2):
        last = np.maximum(last - _SPACE[text[last]], 0)
    are: npt.NDArray[np.bool_] = (last > starts) & (text[starts] == ord("{")) & (text[last] == ord("}"))
    return are
