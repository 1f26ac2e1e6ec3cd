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


def _documents(contract: Contract, schemas: Schemas | None = None) -> Format:
    """Return the decoder of a format that is a Parser."""
    from headrace_udfs.formats.parsers import ContractParser  # noqa: PLC0415 - it loads the libraries of all formats

    return DocumentFormat(contract, ContractParser(contract, schemas))


def _avro(contract: Contract, schemas: Schemas | None = None) -> Format:
    """Return the decoder of Avro that is fastest for the contract."""
    if contract.flat and not contract.many and not contract.envelope:
        return AvroFormat(contract, schemas)
    return _documents(contract, schemas)


def _json(contract: Contract, schemas: Schemas | None = None) -> Format:
    """Return the decoder of JSON that is fastest for the contract."""
    if contract.envelope:
        return _documents(contract, schemas)
    if contract.flat and not contract.many:
        return JsonFormat(contract, schemas)
    return DocumentFormat(contract, JsonParser(), json_bulk.documents)


def _changes(contract: Contract, schemas: Schemas | None = None) -> Format:
    """Return the decoder of a change stream, in any format."""
    from headrace_udfs.formats.changes import ChangesFormat  # noqa: PLC0415 - it loads the libraries of all formats

    return ChangesFormat(contract, schemas)


FORMATS: dict[str, Callable[[Contract, Schemas | None], Format]] = {
    "json": _json,
    "json_array": _json,
    "json_lines": _documents,
    "json_registry": _documents,
    "text": _documents,
    "csv": _documents,
    "influx": _documents,
    "xml": _documents,
    "hl7": _documents,
    "protobuf": _documents,
    "protobuf_registry": _documents,
    "avro": _avro,
    "sparkplug_b": _documents,
}
"""What decodes each format, by its name in a contract."""


def opened(contract: Contract, schemas: Schemas | None) -> Format:
    """Return what decodes the messages of a contract, compressed or not. Raises ValueError as a Format does."""
    inner = _changes(contract, schemas) if contract.changes else FORMATS[contract.format](contract, schemas)
    if contract.compression is None:
        return inner
    from headrace_udfs.formats.inflated import Inflated  # noqa: PLC0415 - as above

    return Inflated(inner, contract.compression, contract.max_bytes)
