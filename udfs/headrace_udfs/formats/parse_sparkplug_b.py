"""Sparkplug B payloads: metrics with values of the types that they are declared with.

This decodes one payload. What an alias means, and the type of a metric that only its birth tells, is learned by a
contract's dictionary.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from headrace_udfs.faults import Code, Fault, shown
from headrace_udfs.formats import sparkplug_b_schema
from headrace_udfs.formats.documents import Document
from headrace_udfs.formats.parse_protobuf import ProtobufParser

DATATYPES = (
    "Unknown", "Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64", "Float", "Double", "Boolean",
    "String", "DateTime", "Text", "UUID", "DataSet", "Bytes", "File", "Template", "PropertySet", "PropertySetList",
    "Int8Array", "Int16Array", "Int32Array", "Int64Array", "UInt8Array", "UInt16Array", "UInt32Array", "UInt64Array",
    "FloatArray", "DoubleArray", "BooleanArray", "StringArray", "DateTimeArray",
)  # fmt: skip
"""The names of the data types, by their numbers."""

_WIDTHS = {"int_value": 32, "long_value": 64}
_SIGNED = {"Int8": 8, "Int16": 16, "Int32": 32, "Int64": 64}
_UNSIGNED = {"UInt8": 8, "UInt16": 16, "UInt32": 32, "UInt64": 64, "DateTime": 64}
_OTHERS = {
    "Float": ("float_value", "double_value"),
    "Double": ("double_value", "float_value"),
    "Boolean": ("boolean_value",),
    **dict.fromkeys(("String", "Text", "UUID"), ("string_value",)),
    **dict.fromkeys(("Bytes", "File", *DATATYPES[22:]), ("bytes_value",)),
}
_KINDS = (
    "int_value", "long_value", "float_value", "double_value", "boolean_value", "string_value", "bytes_value",
    "dataset_value", "template_value", "extension_value", "propertyset_value", "propertysets_value",
)  # fmt: skip
_PLAIN = {"float_value", "double_value", "boolean_value", "string_value"}

NO_VALUE = object()
"""What `typed` returns if a value does not fit the type."""


def parse(payload: bytes, *, learns: bool = False, types: bool = False) -> Document:
    """Return the payload: `{timestamp, seq, uuid, body, metrics[]}`, without what is not set. Raises Refused.

    A metric has the fields that it is sent with, and `datatype` as the name of the type. `kind` names the field that
    has its value, like `int_value`, and `value` is this value by the type: -12 for 4294967284 or 244 in an Int8, None
    if is_null. Where a metric has no such value (a whole number without a type, one that does not fit it, a data set, a
    template), or an alias in place of its `name`, a Fault stands there. Properties are values by key, or such Faults.

    learns: whether names may come with other messages; types: whether types may. A whole number without a type then has
    no value, but `src_bits`, its bits as a signed number of 64, and `src_width`, the bits of its field, 32 or 64.
    """
    found: dict[str, Any] = _parser().parse(payload)
    for metric in found["metrics"]:
        _complete(metric)
        if "kind" in metric and "value" not in metric:
            if types and metric["kind"] in _WIDTHS and metric.get("datatype") in (None, "Unknown"):
                metric.update(_open(metric["kind"], metric[metric["kind"]]))
            else:
                metric["value"] = _no_value(metric)
        if "name" not in metric and "alias" in metric and not learns:
            metric["name"] = Fault(Code.UNKNOWN_ALIAS, f"no name is known for the alias {metric['alias']}")
    return found


def typed(kind: str, value: Any, datatype: str | None) -> Any:
    """Return the value that the field `kind` has as a value of a type; NO_VALUE if it cannot be one.

    datatype: a name of DATATYPES; None if it is not known, which leaves open what a whole number means.
    """
    if datatype is None or datatype == "Unknown":
        return value if kind in _PLAIN else NO_VALUE
    if kind not in _WIDTHS:
        return value if kind in _OTHERS.get(datatype, ()) else NO_VALUE
    if bits := _UNSIGNED.get(datatype):
        return value if value < 1 << bits else NO_VALUE
    bits = _SIGNED.get(datatype, 0)
    if not bits:
        return NO_VALUE
    if bits > _WIDTHS[kind]:  # what its highest bit means is open
        return value if value < 1 << (_WIDTHS[kind] - 1) else NO_VALUE
    for width in (_WIDTHS[kind], bits):  # negative numbers are in two's complement of the field, or of the type
        if value < 1 << (bits - 1):
            return value
        if (1 << width) - (1 << (bits - 1)) <= value < 1 << width:
            return value - (1 << width)
    return NO_VALUE


def _complete(metric: dict[str, Any]) -> None:
    """Add the value of a metric and of its properties."""
    if "datatype" in metric:
        metric["datatype"] = _datatype(metric["datatype"])
    _add_value(metric, metric.get("datatype"))
    if "properties" in metric:
        metric["properties"] = _properties(metric["properties"])


def _add_value(holder: dict[str, Any], datatype: Any) -> None:
    kind = next((kind for kind in _KINDS if kind in holder), None)
    if kind is not None:
        holder["kind"] = kind
    if holder.get("is_null"):
        holder["value"] = None
    elif kind is not None:
        value = typed(kind, holder[kind], datatype if isinstance(datatype, str) else None)
        if value is not NO_VALUE and not (isinstance(datatype, int) and kind in _WIDTHS):
            holder["value"] = value


def _open(kind: str, value: int) -> dict[str, int]:
    """Return the columns of a whole number whose type is open."""
    return {"src_bits": value - (1 << 64) if value >= 1 << 63 else value, "src_width": _WIDTHS[kind]}


def _no_value(metric: dict[str, Any]) -> Fault:
    """Return why a metric that has a value in the field `kind` has none by its type."""
    kind, datatype = metric["kind"], metric.get("datatype")
    if kind not in _WIDTHS and kind not in _PLAIN and kind != "bytes_value":
        return Fault(Code.NOT_ONE_VALUE, f"{kind} has many values")
    if datatype is None or datatype == "Unknown" or isinstance(datatype, int):
        what = f"datatype {datatype}" if isinstance(datatype, int) else "no datatype"
        return Fault(Code.UNKNOWN_DATATYPE, f"{kind} is {shown(metric[kind])}, with {what}")
    return Fault(Code.WRONG_TYPE, f"{kind} is {shown(metric[kind])}, which is not in the range of {datatype}")


def _datatype(number: int) -> str | int:
    return DATATYPES[number] if number < len(DATATYPES) else number


def _properties(properties: dict[str, Any]) -> Document:
    """Return the values by key; a text that says why if they cannot be told apart, which no field takes for them."""
    keys, values = properties["keys"], properties["values"]
    if len(keys) != len(values) or len(set(keys)) != len(keys):
        return f"{len(keys)} keys ({len(set(keys))} different) and {len(values)} values"
    found: dict[str, Document] = {}
    for key, value in zip(keys, values, strict=True):
        if "type" in value:
            value["datatype"] = _datatype(value["type"])
        _add_value(value, value.get("datatype"))
        if "kind" in value or "value" in value:
            found[key] = value["value"] if "value" in value else _no_value(value)
    return found


@cache
def _parser() -> ProtobufParser:
    return ProtobufParser(sparkplug_b_schema.payload())
