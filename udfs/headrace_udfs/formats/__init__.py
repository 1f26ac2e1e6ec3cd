"""Formats of a payload, and the class that decodes each.

A new format is a module in this package, an entry in FORMATS and an entry in `format_names.FORMAT_FACTS`; the checks
that follow the decoding are the same for all formats. Most formats are a Parser, and `DocumentFormat`
does the rest.
"""

from __future__ import annotations

from collections.abc import Callable

from headrace_udfs.contract import Contract
from headrace_udfs.formats import json_bulk
from headrace_udfs.formats.avro import AvroFormat
from headrace_udfs.formats.base import Format
from headrace_udfs.formats.document_format import DocumentFormat, JsonParser
from headrace_udfs.formats.json import JsonFormat
from headrace_udfs.schemas import Schemas


def _json(contract: Contract, schemas: Schemas | None = None) -> Format:
    """Return the decoder of JSON that is fastest for the contract."""
    if contract.flat and not contract.many:
        return JsonFormat(contract, schemas)
    return DocumentFormat(contract, JsonParser(), json_bulk.documents)


FORMATS: dict[str, Callable[[Contract, Schemas | None], Format]] = {
    "json": _json,
    "json_array": _json,
    "avro": AvroFormat,
}
"""What decodes each format, by its name in a contract."""
