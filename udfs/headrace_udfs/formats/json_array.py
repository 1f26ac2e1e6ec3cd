"""JSON arrays: one message holds many readings, each an object as in the format `json`."""

from __future__ import annotations

import json

import msgspec
import numpy as np

from headrace_udfs.contract import Contract
from headrace_udfs.faults import Code, Fault, Refused, shown
from headrace_udfs.formats.base import Decoded
from headrace_udfs.formats.json import JsonFormat
from headrace_udfs.formats.json_exact import ExactDecoder
from headrace_udfs.formats.json_leaves import leaves
from headrace_udfs.messages import Messages
from headrace_udfs.schemas import Schemas

MANY = 1_000
"""Up to so many items of an array, each bad one is a dead letter of its own."""

_NONE = Fault(Code.NO_READINGS, "the array is empty")

SHORTEST = len('{"k":"","t":0}')
"""Length of the shortest reading, in bytes: it has a key and a time."""


class JsonArrayFormat:
    """One array of JSON objects per payload. A bad object is one dead letter; a bad array is the whole message."""

    def __init__(self, contract: Contract, _schemas: Schemas | None = None) -> None:
        """Prepare to decode payloads of `contract`."""
        self._max_bytes = contract.max_bytes
        self._exact = ExactDecoder(leaves(contract), contract.max_bytes)
        self._object = JsonFormat(contract)
        self._array = msgspec.json.Decoder(list[msgspec.Raw])

    def decode(self, messages: Messages) -> Decoded:
        """See Format."""
        readings: list[bytes | None] = []
        message: list[int] = []
        faults: dict[int, Fault] = {}
        for position, payload in enumerate(messages.values):
            objects = self._readings(payload)
            if isinstance(objects, Fault):
                faults[len(readings)] = objects
                objects = [None]
            readings += objects
            message += [position] * len(objects)
        decoded = self._object.decode(Messages(readings))
        return Decoded(decoded.columns, {**decoded.faults, **faults}, np.array(message, np.int64))

    def _readings(self, payload: bytes | None) -> list[bytes | None] | Fault:
        """Return the JSON text of each reading in the payload, or why it has none."""
        if payload is not None and len(payload) <= self._max_bytes:
            try:
                items = self._array.decode(payload)
                return _too_many(len(items), payload) or list(map(bytes, items)) or _NONE
            except (msgspec.MsgspecError, ValueError, RecursionError):
                pass  # the exact decoder finds the fault, if there is one
        try:
            value = self._exact.parse(payload)
        except Refused as refused:
            return refused.fault
        if not isinstance(value, list):
            return Fault(Code.NOT_AN_ARRAY, f"expected an array of readings, found {shown(value)}")
        if fault := _too_many(len(value), payload or b""):
            return fault
        # msgspec rejects a lone surrogate even in a text that the contract does not read.
        return [json.dumps(reading).encode() for reading in value]


def _too_many(items: int, payload: bytes) -> Fault | None:
    """Return why an array is refused as a whole: a letter for each of its items would take many times its size."""
    if items > MANY and items * SHORTEST > len(payload):
        return Fault(Code.TOO_MANY_READINGS, f"{items:,} items in {len(payload):,} bytes")
    return None
