"""The formats that a contract can name, with the facts that a contract needs about each.

`headrace_udfs.formats` has the class that decodes each format. This module does not import these classes, so that a
contract can be loaded without them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class FormatFacts(NamedTuple):
    """Facts of a format.

    many: a message holds many readings.
    registered: a message names its schema by the id that a schema registry gave it.
    json: a message is JSON text.
    overflows: an infinite number is one that was too large for a double, as JSON cannot have another.
    untyped: all values are texts, which hold a number or a boolean where a field has that type.
    compiled: a contract needs a schema, which is compiled, and the name of a message type in it.
    """

    many: bool = False
    registered: bool = False
    json: bool = False
    overflows: bool = False
    untyped: bool = False
    compiled: bool = False


FORMAT_FACTS: Mapping[str, FormatFacts] = MappingProxyType(
    {
        "json": FormatFacts(json=True, overflows=True),
        "json_array": FormatFacts(many=True, json=True, overflows=True),
        "json_lines": FormatFacts(many=True, overflows=True),
        "json_registry": FormatFacts(registered=True, overflows=True),
        "text": FormatFacts(untyped=True),
        "csv": FormatFacts(many=True, untyped=True),
        "influx": FormatFacts(many=True),
        "xml": FormatFacts(untyped=True),
        "hl7": FormatFacts(untyped=True),
        "protobuf": FormatFacts(compiled=True),
        "protobuf_registry": FormatFacts(registered=True),
        "avro": FormatFacts(registered=True),
        "sparkplug_b": FormatFacts(),
    }
)
"""The facts of each format, by its name in a contract."""
