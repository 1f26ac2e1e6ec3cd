"""Decompression in front of a format: of each message by the contract, or by a header that the contract names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pyarrow as pa

from headrace_udfs.contract_format import CompressionSpec
from headrace_udfs.faults import Fault, Refused
from headrace_udfs.formats.base import Decoded, Format, too_large
from headrace_udfs.formats.compression import inflate, named
from headrace_udfs.messages import Headers, Messages

PIECE = 2**21
"""Decompressed bytes that are decoded at a time, or those of one message."""


class Inflated:
    """A format whose messages are compressed."""

    def __init__(self, inner: Format, compression: CompressionSpec, max_bytes: int) -> None:
        """Decompress messages for `inner`, each to at most `max_bytes`."""
        self._inner, self._max_bytes = inner, max_bytes
        self._compression, self._header = compression.name, compression.header

    def decode(self, messages: Messages) -> Decoded:
        """See Format."""
        pieces = [self._decode(messages, *piece) for piece in self._pieces(messages)]
        if not pieces:
            return self._inner.decode(messages)
        return pieces[0] if len(pieces) == 1 else _joined(pieces)

    def _pieces(self, messages: Messages) -> Iterator[tuple[int, list[bytes | None], dict[int, Fault]]]:
        """Yield the messages in pieces: where each begins, its decompressed values, and its faults by position."""
        start, size = 0, 0
        values: list[bytes | None] = []
        faults: dict[int, Fault] = {}
        for position, value in enumerate(messages.values):
            if size > PIECE:
                yield start, values, faults
                start, values, faults, size = position, [], {}, 0
            try:
                values.append(self._inflated(value, messages.headers[position] if messages.headers else ()))
            except Refused as refused:
                faults[len(values)] = refused.fault
                values.append(None)
            size += len(values[-1] or b"")
        if values:
            yield start, values, faults

    def _inflated(self, value: bytes | None, headers: Headers) -> bytes | None:
        if value is None:
            return None
        if len(value) > self._max_bytes:
            raise Refused(*too_large(self._max_bytes))
        compression: str | None = self._compression
        if self._header is not None:
            compression = named(next((each for name, each in headers if name == self._header), None))
        return inflate(value, compression, self._max_bytes) if compression else value

    def _decode(self, messages: Messages, start: int, values: list[bytes | None], faults: dict[int, Fault]) -> Decoded:
        decoded = self._inner.decode(replace(messages.piece(start, start + len(values)), values=values))
        if not faults:
            return decoded
        rows = list(faults) if decoded.message is None else np.searchsorted(decoded.message, list(faults)).tolist()
        return replace(decoded, faults={**decoded.faults, **dict(zip(rows, faults.values(), strict=True))})


def _joined(pieces: list[Decoded]) -> Decoded:
    columns = {name: pa.concat_arrays([piece.columns[name] for piece in pieces]) for name in pieces[0].columns}
    faults: dict[int, Fault] = {}
    owners = []
    rows = messages = 0
    for piece in pieces:
        length = len(next(iter(piece.columns.values())))
        faults |= {rows + i: fault for i, fault in piece.faults.items()}
        if piece.message is not None:
            owners.append(piece.message + messages)
            messages += int(piece.message[-1]) + 1
        rows += length
    return Decoded(columns, faults, np.concatenate(owners) if owners else None)
