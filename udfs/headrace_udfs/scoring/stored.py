"""What a stream keeps in Flink's state and sends between its operators, as bytes.

Nothing is pickled: a later release reads what an earlier one wrote, whatever its classes are called. `FORMAT` changes
with the layout; `test_stored.py` has bytes of each.
"""

from __future__ import annotations

import json
import struct
from dataclasses import fields
from typing import Any

import numpy as np

from headrace_udfs.scoring import channels
from headrace_udfs.scoring.alerts import Recent
from headrace_udfs.scoring.alignment import Readings
from headrace_udfs.scoring.channels import State
from headrace_udfs.scoring.events import Event
from headrace_udfs.scoring.stream import Memory

FORMAT = 2
"""Format 1 has no mean of the turns from the peers."""

_PACK = struct.Struct("<ii")
_HEADER = struct.Struct("<I")
_ROW = np.dtype([("tag", "<i4"), ("times", "<i8"), ("values", "<f8"), ("good", "?"), ("order", "<i8")])


def pack(bucket: int, readings: Readings) -> bytes:
    """Return the readings of a bucket as bytes, the bucket's number first."""
    rows = np.empty(len(readings), _ROW)
    for name in _ROW.names or ():
        rows[name] = getattr(readings, name)
    return _PACK.pack(bucket, len(readings)) + rows.tobytes()


def bucket(packed: bytes) -> int:
    """Return the bucket's number."""
    return int(_PACK.unpack_from(packed)[0])


def unpack(packed: bytes) -> Readings:
    """Return the readings."""
    _, count = _PACK.unpack_from(packed)
    rows = np.frombuffer(packed, _ROW, count, _PACK.size)
    columns: dict[str, Any] = {name: rows[name] for name in _ROW.names or ()}
    return Readings(**columns | {"tag": rows["tag"].astype(np.int64)})


def dump(pin: str, memory: Memory) -> bytes:
    """Return the memory of a stream with the version `pin` of a model as bytes."""
    arrays = {each.name: np.ascontiguousarray(getattr(memory.state, each.name), "<f8") for each in fields(State)}
    header = {
        "format": FORMAT,
        "model": pin,
        "arrays": {name: array.shape for name, array in arrays.items()},
        "open": [vars(event) for event in memory.open.values()],
        "recent": {group: [recent.starts, recent.out] for group, recent in memory.recent.items()},
    }
    text = json.dumps(header, separators=(",", ":")).encode()
    return _HEADER.pack(len(text)) + text + b"".join(array.tobytes() for array in arrays.values())


def load(dumped: bytes) -> tuple[str, Memory]:
    """Return the version of the model and the memory. Raises ValueError for another format."""
    (length,) = _HEADER.unpack_from(dumped)
    header = json.loads(dumped[_HEADER.size : _HEADER.size + length])
    if not 1 <= header["format"] <= FORMAT:
        raise ValueError(f"the state has format {header['format']}; this release reads formats up to {FORMAT}")
    arrays, at = {}, _HEADER.size + length
    for name, shape in header["arrays"].items():
        count = int(np.prod(shape))
        arrays[name] = np.frombuffer(dumped, "<f8", count, at).reshape(shape)
        at += count * 8
    means = np.zeros((channels.MEANS, arrays["means"].shape[1]))
    means[: len(arrays["means"])] = arrays["means"]
    arrays["means"] = means
    known = [Event(**{**each, "related": tuple(each["related"])}) for each in header["open"]]
    recent = {group: Recent(tuple(starts), out) for group, (starts, out) in header.get("recent", {}).items()}
    return header["model"], Memory(State(**arrays), {event.tag: event for event in known}, recent)
