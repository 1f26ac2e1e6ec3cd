"""Formats of a payload. A new one is a module here and a line in FORMATS; the checks after it are the same for all."""

from __future__ import annotations

from headrace_udfs.formats.avro import AvroFormat
from headrace_udfs.formats.base import Format
from headrace_udfs.formats.json import JsonFormat
from headrace_udfs.formats.json_array import JsonArrayFormat

FORMATS: dict[str, type[Format]] = {"json": JsonFormat, "json_array": JsonArrayFormat, "avro": AvroFormat}
