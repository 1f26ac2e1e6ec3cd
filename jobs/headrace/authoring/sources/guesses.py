"""Which value of a row is its tag, its value and its unit, by names and by what the values look like.

`rows` is how many of the rows must have the value.
"""

from __future__ import annotations

from collections.abc import Mapping

from headrace.authoring.sources import numbers
from headrace.authoring.sources.documents import VALUE, Seen
from headrace.authoring.sources.names import QUALITY, TAG, TIME, UNIT, WHERE, Keys, last, named

_SUFFIXES = {
    "degc": "degC", "degf": "degF", "bar": "bar", "mbar": "mbar", "kpa": "kPa", "pa": "Pa", "rpm": "1/min", "kw": "kW",
    "kwh": "kWh", "mw": "MW", "hz": "Hz", "pct": "%", "percent": "%", "mm": "mm", "ms": "ms",
}  # fmt: skip


def wide(values: Mapping[str, Seen], rows: int) -> list[str]:
    """Return the members of a message that are measured values, if it has several numbers and none called value."""
    if value(values, rows):
        return []
    found = [
        path
        for path, seen in values.items()
        if {"number", "boolean"} & set(seen.types)
        and not set(path) & set(".{}*^,")
        and last(path) not in (*TIME, *TAG, *QUALITY)
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
        and last(path) not in (*TIME, *TAG, *QUALITY)
        and (last(path) in VALUE or not path.startswith(members))
    )


def measured(seen: Seen) -> tuple[Keys | None, str, list[str]]:
    """Return the keys of a field for numbers, the reason, and the texts that are none.

    The keys are None if the value has no numbers. Texts are numbers if most of them hold one.
    """
    kinds = [kind for kind in ("number", "boolean") if kind in seen.types]
    texts = [each for each in seen.examples if isinstance(each, str)]
    decimal = numbers.sign(texts) if texts else None
    others = [each for each in texts if decimal is None or not numbers.is_number(each, decimal)]
    reason = ""
    if decimal:
        held = [each for each in texts if numbers.is_number(each, decimal)]
        shown = next((each for each in held if "," in each), held[0])
        reason = f"{shown!r} is " + ("a number with a decimal comma" if decimal == "," else "text that holds a number")
        kinds.append("string")
    if not kinds:
        return None, reason, others
    types = {"types": kinds} if kinds != ["number"] or others else {}
    return {"type": "double", **types, **({"decimal": ","} if decimal == "," else {})}, reason, others


def tag(values: Mapping[str, Seen], rows: int) -> str | None:
    """Return the path of the value that names what was measured."""
    return named(values, rows, TAG, {"string"})


def around(values: Mapping[str, Seen], rows: int) -> str | None:
    """Return the path of the value around the rows that names what they belong to, like a device."""
    return named({path: seen for path, seen in values.items() if path.startswith("^")}, rows, WHERE, {"string"})


def value(values: Mapping[str, Seen], rows: int) -> str | None:
    """Return the path of the measured value; it may be null, or have several types."""
    return "." if "." in values else named(values, rows, VALUE, {"number", "string", "boolean", "null"})


def unit(values: Mapping[str, Seen], rows: int) -> str | None:
    """Return the path of the value's unit."""
    return named(values, rows, UNIT, {"string", "null"})


def unit_of_name(name: str) -> str | None:
    """Return the unit that a name ends with, like degC of oil_degc."""
    return _SUFFIXES.get(name.rpartition("_")[2]) if "_" in name else None
