"""Which value of a row is its time, its tag, its quality and its value, by names and by what the values look like.

`rows` is how many of the rows must have the value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from headrace.authoring.sources.documents import Seen
from headrace_udfs.status_codes import SEVERITY, STATUS_CODES

Keys = dict[str, Any]
"""Keys of a contract's part."""

_TIME = (
    "ts", "timestamp", "time", "t", "sourcetimestamp", "source_timestamp", "datetime", "event_time", "timestamp_ms",
    "origin", "date", "created",
)  # fmt: skip
_TAG = (
    "tag", "tagname", "tag_name", "id", "name", "sensor", "signal", "point", "metric", "variable", "item", "channel",
    "key", "path", "dataitemkey", "nodeid", "device", "device_id", "deviceid", "asset", "asset_id", "assetid",
    "machine", "machine_id", "equipment", "node",
)  # fmt: skip
_QUALITY = ("q", "quality", "status", "statuscode", "status_code", "good", "qc", "qualitycode", "state_of_value")
_VALUE = ("value", "v", "val", "reading", "measurement")
_UNIT = ("unit", "units", "uom", "unitsabbreviation", "engunit")
_SINCE, _UNTIL = datetime(2000, 1, 1, tzinfo=UTC).timestamp(), datetime(2100, 1, 1, tzinfo=UTC).timestamp()
_SCALES = (("epoch_s", 1.0), ("epoch_ms", 1e3), ("epoch_us", 1e6), ("epoch_ns", 1e9))
_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d+)?)?(Z|[+-]\d\d:?\d\d)?")
_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")
_WITH_COMMA = re.compile(r"-?(0|[1-9]\d*)(,\d+)?")
_OPC_DA = {0, 4, 8, 12, 16, 20, 24, 28, 64, 68, 80, 84, 88, 192, 216}
_SUFFIXES = {
    "degc": "degC", "degf": "degF", "bar": "bar", "mbar": "mbar", "kpa": "kPa", "pa": "Pa", "rpm": "1/min", "kw": "kW",
    "kwh": "kWh", "mw": "MW", "hz": "Hz", "pct": "%", "percent": "%", "mm": "mm", "ms": "ms",
}  # fmt: skip


def time(values: Mapping[str, Seen], rows: int) -> tuple[Keys, str]:
    """Return the keys of `time:`, and the reason."""
    for path in _ranked(values, _TIME):
        seen = values[path]
        if seen.count < rows or set(seen.types) - {"number", "string"} or len(seen.types) != 1:
            continue
        if unit := _epoch(seen):
            return {"path": path, "unit": unit}, f"{seen.examples[0]} in {path} is {_shown(seen.examples[0], unit)}"
        if "string" in seen.types and all(_ISO.fullmatch(each) for each in seen.examples):
            zoned = all((_ISO.fullmatch(each) or [""] * 4)[3] for each in seen.examples)
            found = {"path": path, "unit": "iso8601"}
            if zoned:
                return found, f"{path} is ISO 8601 with a zone"
            return {**found, "zone": "UTC"}, f"{path} has no zone: UTC is a guess, write the zone of its clock"
    return {"from": "record_time"}, "no value looks like a time, so the record's timestamp is used"


def wide(values: Mapping[str, Seen], rows: int) -> list[str]:
    """Return the members of a message that are measured values, if it has several numbers and none called value."""
    if value(values, rows):
        return []
    found = [
        path
        for path, seen in values.items()
        if {"number", "boolean"} & set(seen.types)
        and not set(path) & set(".[]{}*^,")
        and _last(path) not in (*_TIME, *_TAG, *_QUALITY)
    ]
    return found if sum("number" in values[path].types for path in found) > 1 else []


def measures_nothing(values: Mapping[str, Seen], members: tuple[str, ...]) -> bool:
    """Return whether the rows have no number and no boolean that can be a measured value, but for those in `members`.

    members: beginnings of paths, of what has names of its own instead of being called value.
    """
    return not any(
        {"number", "boolean"} & set(seen.types)
        for path, seen in values.items()
        if not path.startswith("^")
        and _last(path) not in (*_TIME, *_TAG, *_QUALITY)
        and (_last(path) in _VALUE or not path.startswith(members))
    )


def number_text(seen: Seen) -> tuple[Keys, str] | None:
    """Return the type of a field whose values are texts that hold a number, and the reason; None if they are none."""
    texts = [each for each in seen.examples if each is not None]
    if {*seen.types} - {"null"} != {"string"}:
        return None
    if all(map(_NUMBER.fullmatch, texts)):
        return {"type": "double", "types": ["string"]}, f"{texts[0]!r} is text that holds a number"
    if all(map(_WITH_COMMA.fullmatch, texts)):
        return {"type": "double", "types": ["string"], "decimal": ","}, f"{texts[0]!r} is a number with a decimal comma"
    return None


def named(values: Mapping[str, Seen], rows: int, names: tuple[str, ...], types: set[str]) -> str | None:
    """Return the path of the value with one of these names of these types; None without one."""
    for path in _ranked(values, names):
        if values[path].count >= rows and set(values[path].types) <= types and _last(path) in names:
            return path
    return None


def tag(values: Mapping[str, Seen], rows: int) -> str | None:
    """Return the path of the value that names what was measured."""
    return named(values, rows, _TAG, {"string"})


def around(values: Mapping[str, Seen], rows: int) -> str | None:
    """Return the path of the value around the rows that names what they belong to, like a device."""
    return tag({path: seen for path, seen in values.items() if path.startswith("^")}, rows)


def value(values: Mapping[str, Seen], rows: int) -> str | None:
    """Return the path of the measured value; it may be null, or have several types."""
    return "." if "." in values else named(values, rows, _VALUE, {"number", "string", "boolean", "null"})


def unit(values: Mapping[str, Seen], rows: int) -> str | None:
    """Return the path of the value's unit."""
    return named(values, rows, _UNIT, {"string", "null"})


def unit_of_name(name: str) -> str | None:
    """Return the unit that a name ends with, like degC of oil_degc."""
    return _SUFFIXES.get(name.rpartition("_")[2]) if "_" in name else None


def quality(values: Mapping[str, Seen], rows: int) -> tuple[Keys, str] | None:
    """Return the keys of `quality:` and the reason; None if no value looks like one."""
    for path in _ranked(values, _QUALITY):
        name, _, part = path.rpartition(".")
        if (part if part != "Code" else _last(name)).casefold() not in _QUALITY:
            continue
        seen, where = values[path], name if part == "Code" else path
        missing = {} if seen.count >= rows else {"missing": "good"}
        if keys := _mapping(seen, part == "Code"):
            return {"path": where, **keys, **missing}, _reason(where, keys, missing)
    return None


def _mapping(seen: Seen, in_object: bool) -> Keys | None:
    kinds = set(seen.types) - {"null"}
    known = [each for each in seen.examples if each is not None]
    if kinds == {"boolean"}:
        return {"mapping": "boolean"}
    if kinds == {"number"}:
        if not in_object and set(known) <= _OPC_DA and 192 in known:
            return {"mapping": "opcda"}
        fits = all(isinstance(each, int) and (each == 0 or abs(each) >= 2**20) for each in known)
        return {"mapping": "opcua"} if in_object or fits else None
    if kinds == {"string"}:
        words = sorted({each.casefold() for each in known})
        if all(each in STATUS_CODES for each in known):
            return {"mapping": "opcua"}
        if set(words) & {*SEVERITY, "ok"}:
            return {"mapping": "names", "names": {each: _severity(each) for each in words if each not in SEVERITY}}
    return None


def _severity(word: str) -> str:
    return "good" if word in ("ok", "good", "valid") else "uncertain"


def _reason(path: str, keys: Keys, missing: Keys) -> str:
    reasons = {
        "boolean": "is true or false",
        "opcda": "has 192 and other codes of OPC DA",
        "opcua": "has StatusCodes of OPC UA",
        "names": "has words; those that are not said otherwise are uncertain here",
    }
    left_out = "; left out it means good, which is a guess" if missing else ""
    return f"{path} {reasons[keys['mapping']]}{left_out}"


def _ranked(values: Mapping[str, Seen], names: tuple[str, ...]) -> list[str]:
    """Return the paths, those with a name of `names` first: those in the row, then those around it, in its order."""

    def rank(path: str) -> tuple[bool, bool, int, int]:
        name = _last(path)
        known = name in names
        return not known, path.startswith("^"), names.index(name) if known else 0, path.count(".")

    return sorted(values, key=rank)


def _last(path: str) -> str:
    return path.rpartition(".")[2].casefold()


def _epoch(seen: Seen) -> str | None:
    numbers = [each for each in seen.examples if type(each) in (int, float)]
    if len(numbers) < len(seen.examples):
        return None
    for name, scale in _SCALES:
        if all(_SINCE <= each / scale <= _UNTIL for each in numbers):
            return name
    return None


def _shown(value: float, unit: str) -> str:
    seconds = value / dict(_SCALES)[unit]
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC in {unit}"
