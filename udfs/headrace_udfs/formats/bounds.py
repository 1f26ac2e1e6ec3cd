"""Bounds of the rows and the dead letters of one message."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from headrace_udfs.contract import Contract
from headrace_udfs.faults import Code, Fault
from headrace_udfs.formats.base import Decoded
from headrace_udfs.messages import Messages
from headrace_udfs.paths import EACH, MEMBER, OUT

MANY = 1_000
"""If a message has at most this many rows, each bad row is a separate dead letter."""

SHORTEST = len('{"k":"","t":0}')
"""Length of the shortest reading, in bytes: it has a key and a time."""


def too_short(contract: Contract) -> Callable[[int, int], Fault | None]:
    """Return a function of the rows and the bytes of a message: why it is refused as a whole, or None.

    A message of JSON is refused if its rows are so many and so short that not all of them can be readings: a dead
    letter for each would take many times its size.
    """
    shortest = _shortest(contract)

    def fault(rows: int, length: int) -> Fault | None:
        if rows > MANY and rows * shortest > length:
            return Fault(Code.TOO_MANY_READINGS, f"{rows:,} items in {length:,} bytes")
        return None

    return fault


def _shortest(contract: Contract) -> int:
    """Return the bytes of the shortest row: the keys that it must have, or one digit; its name; a comma."""
    required = {name for name, field in contract.fields.items() if field.required} | {"ts"}
    paths = (path for name, path in contract.paths.items() if name in required)
    keys = {path[0] for path in paths if path and isinstance(path[0], str) and path[0] not in (OUT, MEMBER)}
    element = 1 + sum(len(f'"{key}":0,'.encode()) for key in keys) if keys else 1
    name = 0 if (contract.rows or (EACH,))[-1] == EACH else len('"":')
    return element + name + 1


def bounded(decoded: Decoded, messages: Messages) -> Decoded:
    """Return the rows with one fault instead of all rows of each message whose bad rows are too many for its size."""
    message = decoded.message
    if message is None or len(decoded.faults) <= MANY:
        return decoded
    bad = np.bincount(message[np.fromiter(decoded.faults, np.int64)], minlength=len(messages))
    over = {}
    for position in np.flatnonzero(bad > MANY).tolist():
        length = len(messages.values[position] or b"")
        if bad[position] * SHORTEST > length:
            over[position] = Fault(Code.TOO_MANY_READINGS, f"{bad[position]:,} bad rows in {length:,} bytes")
    if not over:
        return decoded
    first = np.searchsorted(message, list(over))
    kept = np.flatnonzero(~np.isin(message, list(over)) | np.isin(np.arange(len(message)), first))
    place = {int(old): new for new, old in enumerate(kept)}
    faults = {place[i]: fault for i, fault in decoded.faults.items() if i in place}
    faults |= {place[int(i)]: fault for i, fault in zip(first, over.values(), strict=True)}
    columns = {name: array.take(pa.array(kept)) for name, array in decoded.columns.items()}
    return Decoded(columns, faults, message[kept])
