"""JSON arrays: one message holds many readings, each an object as the format `json` has it."""

from __future__ import annotations

import json

import msgspec
import numpy as np

from headrace_udfs.contract import Contract
from headrace_udfs.faults import Code, Fault, Refused, shown
from headrace_udfs.formats.base import Decoded, Payloads
from headrace_udfs.formats.json import JsonFormat
from headrace_udfs.formats.json_exact import ExactDecoder
from headrace_udfs.formats.json_leaves import leaves
from headrace_udfs.schemas import Schemas


class JsonArrayFormat:
    """An array of JSON objects a payload. A bad object costs its reading alone, a bad array the whole message."""

    def __init__(self, contract: Contract, _schemas: Schemas | None = None) -> None:
        self._max_bytes = contract.max_bytes
        self._exact = ExactDecoder(leaves(contract), contract.max_bytes)
        self._object = JsonFormat(contract)
        self._array = msgspec.json.Decoder(list[msgspec.Raw])

    def decode(self, payloads: Payloads) -> Decoded:
        """See Format."""
        readings: list[bytes | None] = []
        message: list[int] = []
        faults: dict[int, Fault] = {}
        for position, payload in enumerate(payloads):
            found = self._readings(payload)
            if isinstance(found, Fault):
                faults[len(readings)] = found
                found = [None]
            readings += found
            message += [position] * len(found)
        decoded = self._object.decode(readings)
        return Decoded(decoded.columns, {**decoded.faults, **faults}, np.array(message, np.int64))

    def _readings(self, payload: bytes | None) -> list[bytes | None] | Fault:
        if payload is not None and len(payload) <= self._max_bytes:
            try:
                return list(map(bytes, self._array.decode(payload))) or Fault(Code.NO_READINGS, "the array is empty")
            except (msgspec.MsgspecError, ValueError, RecursionError):
                pass  # the exact decoder tells what is wrong, if anything is
        try:
            value = self._exact.parse(payload)
        except Refused as refused:
            return refused.fault
        if not isinstance(value, list):
            return Fault(Code.NOT_AN_ARRAY, f"an array of readings is wanted, found {shown(value)}")
        # msgspec minds half a surrogate pair even in a text that the contract does not read.
        return [json.dumps(reading).encode() for reading in value]
