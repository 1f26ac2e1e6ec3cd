"""Formats of a payload, and the class that decodes each.

A new format is a module in this package, an entry in FORMATS and an entry in `format_names.FORMAT_FACTS`; the checks
that follow the decoding are the same for all formats.
"""

from __future__ import annotations

from headrace_udfs.formats.avro import AvroFormat
from headrace_udfs.formats.base import Format
from headrace_udfs.formats.json import JsonFormat
from headrace_udfs.formats.json_array import JsonArrayFormat

FORMATS: dict[str, type[Format]] = {"json": JsonFormat, "json_array": JsonArrayFormat, "avro": AvroFormat}
"""The class that decodes each format, by its name in a contract."""
