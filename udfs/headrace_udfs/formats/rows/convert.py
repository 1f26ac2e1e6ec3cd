"""Lists of values, as documents have them, to arrays of a contract's types, exactly or not at all."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from decimal import Decimal
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from headrace_udfs import times
from headrace_udfs.contract_parts import JsonType
from headrace_udfs.faults import Code, Fault, shown
from headrace_udfs.formats.exact import EXACT
from headrace_udfs.formats.rows import texts
from headrace_udfs.formats.rows.around import RecordTime
from headrace_udfs.formats.rows.walk import ABSENT
from headrace_udfs.types import ARROW, ContractType

Converted = tuple[pa.Array, dict[int, Fault]]
"""An array, and the faults by position, where the array is null."""


class Target(NamedTuple):
    """A column that values are converted to.

    taken: the types of values that it takes. others: those that other columns take from the same place.
    decimal: the decimal sign in texts. from_text: whether its values are texts in themselves, which have no type.
    before: columns of other types that take texts from the same place: a text that is a number is theirs.
    """

    name: str
    kind: ContractType
    required: bool = False
    taken: Collection[JsonType] = ()
    others: Collection[str] = ()
    decimal: str = "."
    from_text: bool = False
    overflows: bool = False
    before: tuple[Target, ...] = ()


def convert(target: Target, values: list[Any], where: str) -> Converted:
    """Return the column of the values. where: what is missing if a value is, like "the payload has no 'a.b'".

    overflows: whether an infinite number is one that was too large for a double, as in JSON.
    """
    if (array := _in_bulk(target, values)) is not None:
        return array, {}
    converted: list[Any] = []
    faults: dict[int, Fault] = {}
    for i, value in enumerate(values):
        result = _one(target, value, where)
        if isinstance(result, Fault):
            faults[i] = result
            result = None
        converted.append(result)
    if target.kind == "timestamp":
        return _timestamps(target, converted, faults)
    return pa.array(converted, ARROW[target.kind]), faults


_PLAIN: dict[str, tuple[JsonType, set[type]]] = {
    "string": ("string", {str}),
    "double": ("number", {float, int}),
    "long": ("number", {int}),
    "boolean": ("boolean", {bool}),
}
"""The type of JSON, and the types of Python, of values that need no conversion."""


_TYPES: dict[type, str] = {
    type(None): "null", object: "null", float: "number", int: "number", str: "string", bool: "boolean", dict: "object",
}  # fmt: skip
"""The type of JSON of each type of Python; ABSENT is like null."""


def _in_bulk(target: Target, values: list[Any]) -> pa.Array | None:
    """Return the column if no value needs to be looked at by itself; None otherwise."""
    taken, plain = _PLAIN.get(target.kind, ("", {str}))
    kinds = {*map(type, values)}
    if (target.before and str in kinds) or taken not in target.taken:
        return None
    if rest := kinds - plain:
        others = {*target.others, "null"}.difference(target.taken)  # what it takes itself has to be converted
        if target.required or any(_TYPES.get(kind, "") not in others for kind in rest):
            return None
        if rest != {type(None)}:
            values = [value if type(value) in plain else None for value in values]
    try:
        array = pa.array(values, ARROW[target.kind])
    except (pa.ArrowInvalid, OverflowError, UnicodeEncodeError):
        return None  # a whole number that is too large, or a lone surrogate
    is_finite = target.kind != "double" or pc.all(pc.is_finite(array), min_count=0).as_py()
    return array if is_finite else None


def json_type(value: Any) -> str:
    """Return the type of a document's value, as messages for people name it."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float | Decimal):
        return "number"
    if isinstance(value, str):
        return "string"
    if isinstance(value, dict):
        return "object"
    return "array" if isinstance(value, list) else "bytes"


def _one(target: Target, value: Any, where: str) -> Any:
    """Return one value of the column, None, or the Fault that refuses it."""
    if value is ABSENT:
        return missing(target, where)
    if value is None:
        what = f"{target.name}: a {target.kind} is required, found null"
        return Fault(Code.NULL_FIELD, what) if target.required else None
    if isinstance(value, Fault):
        return Fault(value.code, f"{target.name}: {value.message}")
    if isinstance(value, RecordTime):
        return int(value) * 1000 if target.kind == "timestamp" else _MAKE[target.kind](target, int(value))
    found = json_type(value)
    if found == "string" and any(_MAKE[each.kind](each, value) is not _UNFIT for each in target.before):
        return missing(target, where)
    if found in target.taken or (target.from_text and found == "string"):
        made = _MAKE[target.kind](target, value)
        if made is not _UNFIT:
            return made
    if found in target.others:
        return None if not target.required else missing(target, where)
    return _wrong(target, value)


def missing(target: Target, where: str) -> Fault | None:
    """Return the fault of a value that is not there, or None if it need not be."""
    return Fault(Code.MISSING_FIELD, f"{target.name}: required, but {where}") if target.required else None


_UNFIT = object()  # the value is of a type that the column takes, and still none of its values
_EXPECTED = {
    "string": "a string", "double": "a number", "long": "a whole number", "boolean": "true or false",
    "timestamp": "a time",
}  # fmt: skip
_OWN = {"string": "string", "double": "number", "long": "number", "boolean": "boolean", "timestamp": "string"}


def _wrong(target: Target, value: Any) -> Fault:
    expected = _EXPECTED[target.kind]
    if target.kind == "long" and json_type(value) != "number":
        expected = "a number"
    if target.taken and _OWN[target.kind] == json_type(value) not in target.taken:  # `types:` leaves it out
        expected += f" as {' or '.join(target.taken)}"
    return Fault(Code.WRONG_TYPE, f"{target.name}: expected {expected}, found {shown(value)}")


def _string(target: Target, value: Any) -> Any:
    if not isinstance(value, str):
        return texts.shown_scalar(value) if is_finite(value) else _not_finite(target, value)
    try:
        value.encode()
    except UnicodeEncodeError:
        what = f"{target.name}: a lone surrogate is not a character, in {shown(value)}"
        return Fault(Code.NOT_UTF8, what)
    return value


def _boolean(_target: Target, value: Any) -> Any:
    if isinstance(value, bool):
        return value
    read = texts.boolean(value)
    return _UNFIT if read is None else read


def _number(target: Target, value: Any) -> Any:
    """Return a number as int, float or Decimal; _UNFIT or a Fault if it is none that can be stored."""
    if isinstance(value, str):
        read = texts.number(value, target.decimal)
        if read is None and "boolean" in target.taken:
            read = texts.boolean(value)
        if isinstance(read, Fault):
            return Fault(read.code, f"{target.name}: {read.message}")
        if read is None:
            return _UNFIT
        value = read
        if isinstance(value, float) and math.isinf(value):
            return _overflow(target)
    if isinstance(value, bool):
        return int(value)
    return value if is_finite(value) else _not_finite(target, value)


def _not_finite(target: Target, value: float | Decimal) -> Fault:
    if is_nan(value):
        return Fault(Code.NAN, f"{target.name}: NaN cannot be stored; send null or leave the field out")
    if target.overflows:
        return _overflow(target)
    return Fault(Code.INFINITY, f"{target.name}: {value} cannot be stored; send null or leave the field out")


def is_finite(value: float | Decimal) -> bool:
    """Return whether a number is neither infinite nor NaN; a Decimal may be finite and too large for a double."""
    return value.is_finite() if isinstance(value, Decimal) else isinstance(value, int) or math.isfinite(value)


def is_nan(value: float | Decimal) -> bool:
    """Return whether a number is NaN, also a signaling one of Decimal, which cannot be compared."""
    return value.is_nan() if isinstance(value, Decimal) else math.isnan(value)


def _overflow(target: Target) -> Fault:
    return Fault(Code.NUMBER_OVERFLOW, f"{target.name}: the number is too large for a double (1.8e308)")


def _double(target: Target, value: Any) -> Any:
    number = _number(target, value)
    if isinstance(number, int) and abs(number) > EXACT:
        what = f"{target.name}: a double cannot hold {shown(number)} exactly (over 2^53)"
        return Fault(Code.INTEGER_TOO_LARGE, what)
    if isinstance(number, int | Decimal):
        double = float(number)
        return double if math.isfinite(double) else _overflow(target)
    return number


_WIDEST = 20
"""The power of ten of the largest Decimal that is made an int."""


def _long(target: Target, value: Any) -> Any:
    number = _number(target, value)
    if isinstance(number, Decimal) and number == number.to_integral_value():
        if number.adjusted() > _WIDEST:
            return Fault(Code.INTEGER_TOO_LARGE, f"{target.name}: {number} does not fit in 64 bits")
        number = int(number)
    if isinstance(number, float):
        if not number.is_integer():
            return _wrong(target, value)
        if abs(number) > EXACT:
            what = f"{target.name}: {number!r} is not written as an exact whole number"
            return Fault(Code.INTEGER_TOO_LARGE, what)
        number = int(number)
    if isinstance(number, Decimal):
        return _wrong(target, value)
    if isinstance(number, int) and not -(2**63) <= number < 2**63:
        return Fault(Code.INTEGER_TOO_LARGE, f"{target.name}: {shown(number)} does not fit in 64 bits")
    return number


def _timestamps(target: Target, values: list[Any], faults: dict[int, Fault]) -> Converted:
    """Return the timestamps of ISO 8601 texts and of microseconds."""
    written = pa.array([value if isinstance(value, str) else None for value in values], pa.string())
    instants, invalid = times.from_iso8601(written)
    given = pa.array([value if isinstance(value, int) else None for value in values], pa.int64())
    faults |= {i: Fault(fault.code, f"{target.name}: {fault.message}") for i, fault in invalid.items()}
    return pc.coalesce(instants, given.cast(ARROW["timestamp"])), faults


_MAKE: dict[str, Callable[[Target, Any], Any]] = {
    "string": _string,
    "double": _double,
    "long": _long,
    "boolean": _boolean,
    "timestamp": _string,
}
