"""A walk through an Avro record with bounds, for schemas with which a few bytes may become too much for fastavro.

fastavro follows a type that contains itself as deep as a payload demands, until the process crashes, and reads as many
items of zero bytes as a damaged count demands.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headrace_udfs.faults import Code, Refused
from headrace_udfs.formats.documents import MAX_DEPTH, MAX_VALUES, too_many_values

_SIZES = {"null": 0, "boolean": 1, "float": 4, "double": 8}


def check(payload: bytes, at: int, schema: Any, named: Mapping[str, Any]) -> None:
    """Raise Refused unless a record of the parsed schema begins at `at`, not nested too deep, nor of too many values.

    named: the schema's named types.
    """
    _Walk(payload, named).value(schema, at, 0)


class _Walk:
    def __init__(self, payload: bytes, named: Mapping[str, Any]) -> None:
        self._bytes, self._named, self._values = payload, named, 0

    def value(self, schema: Any, at: int, depth: int) -> int:
        """Return where a value that begins at `at` ends."""
        self._values += 1
        if self._values > MAX_VALUES:
            raise too_many_values(self._values)
        if depth > MAX_DEPTH:
            raise Refused(Code.NESTED_TOO_DEEP, f"nested over {MAX_DEPTH} deep")
        if isinstance(schema, str):
            schema = self._named.get(schema, {"type": schema})
        if isinstance(schema, list):
            branch, at = self._long(at)
            if not 0 <= branch < len(schema):
                raise Refused(Code.NOT_AVRO, f"branch {branch} of a union of {len(schema)} types")
            return self.value(schema[branch], at, depth)
        return self._of_type(schema, at, depth)

    def _of_type(self, schema: dict[str, Any], at: int, depth: int) -> int:
        match schema["type"]:
            case "int" | "long" | "enum":
                return self._long(at)[1]
            case "bytes" | "string":
                length, at = self._long(at)
                return self._after(at, length)
            case "fixed":
                return self._after(at, schema["size"])
            case "record" | "error":
                for field in schema["fields"]:
                    at = self.value(field["type"], at, depth + 1)
                return at
            case "array":
                return self._blocks(None, schema["items"], at, depth)
            case "map":
                return self._blocks("string", schema["values"], at, depth)
            case str() as kind if kind in _SIZES:
                return self._after(at, _SIZES[kind])
            case kind:
                return self.value(kind, at, depth)

    def _blocks(self, key: str | None, items: Any, at: int, depth: int) -> int:
        while True:
            count, at = self._long(at)
            if count < 0:
                count = -count
                _, at = self._long(at)  # bytes of the block
            if count == 0:
                return at
            for _ in range(count):
                if key:
                    at = self.value(key, at, depth + 1)
                at = self.value(items, at, depth + 1)

    def _after(self, at: int, length: int) -> int:
        if length < 0 or length > len(self._bytes) - at:
            raise Refused(Code.NOT_AVRO, f"{length:,} bytes are to follow byte {at}, and {len(self._bytes) - at:,} do")
        return at + length

    def _long(self, at: int) -> tuple[int, int]:
        value = shift = 0
        while at < len(self._bytes) and shift < 70:
            byte = self._bytes[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return (value >> 1) ^ -(value & 1), at
            shift += 7
        raise Refused(Code.NOT_AVRO, f"a number that ends at byte {at} is truncated or too long")
