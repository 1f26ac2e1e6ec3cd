"""Avro schemas without what does not affect decoding: what is wrong in it costs no record.

Defaults, aliases and documentation are dropped. So are logical types that the specification calls invalid, and so
tells readers to ignore: the underlying type counts.
"""

from __future__ import annotations

import re
from typing import Any

UNREADABLE = "unreadable"
"""The key of a type that can be decoded but not read, with the reason."""

_KEPT = ("type", "name", "namespace", "fields", "items", "values", "symbols", "size")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OF_LOGICAL: dict[str, tuple[str, ...]] = {
    "decimal": ("bytes", "fixed"),
    "uuid": ("string", "fixed"),
    "date": ("int",),
    "time-millis": ("int",),
    "duration": ("fixed",),
}
_OF_LONG = re.compile(r"time-micros|(local-)?timestamp-(millis|micros|nanos)")


def plain(schema: Any) -> Any:
    """Return the schema, as JSON, with what decoding needs, and its valid logical types."""
    if isinstance(schema, list):
        return [plain(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: schema[key] for key in _KEPT if key in schema}
    for key in ("type", "items", "values"):
        if key in kept:
            kept[key] = plain(kept[key])
    if isinstance(kept.get("fields"), list):
        kept["fields"] = [_field(field) for field in kept["fields"]]
    if kept.get("type") == "enum":
        kept |= _enum(kept.get("symbols"))
    return kept | _logical(schema)


def _field(field: Any) -> Any:
    if not isinstance(field, dict):
        return field
    kept = {key: field[key] for key in ("name", "type") if key in field}
    if "type" in kept:
        kept["type"] = plain(kept["type"])
    return kept


def _enum(symbols: Any) -> dict[str, Any]:
    """Return the symbols; others and UNREADABLE if not all of them are names, or some are equal."""
    if not isinstance(symbols, list):
        return {}
    names = [symbol for symbol in symbols if isinstance(symbol, str) and _NAME.fullmatch(symbol)]
    if len({*names}) == len(symbols):
        return {"symbols": symbols}
    why = "an enum with symbols that are not names, or not different"
    return {"symbols": [f"symbol_{number}" for number in range(len(symbols))], UNREADABLE: why}


def _logical(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes of the schema's logical type; none if it is invalid."""
    name, kind = schema.get("logicalType"), schema.get("type")
    if not isinstance(name, str) or not isinstance(kind, str):
        return {}
    if kind not in (("long",) if _OF_LONG.fullmatch(name) else _OF_LOGICAL.get(name, ())):
        return {}
    size = schema.get("size")
    if name == "decimal":
        precision, scale = schema.get("precision"), schema.get("scale", 0)
        if not _is_decimal(precision, scale, size if kind == "fixed" else None):
            return {}
        return {"logicalType": name, "precision": precision, "scale": scale}
    if kind == "fixed" and size != {"uuid": 16, "duration": 12}[name]:
        return {}
    return {"logicalType": name}


def _is_decimal(precision: Any, scale: Any, size: Any) -> bool:
    if type(precision) is not int or type(scale) is not int or not 0 <= scale <= precision or precision < 1:
        return False
    return size is None or (type(size) is int and 0 < size < 2**10 and 10**precision <= 2 ** (8 * size - 1))
