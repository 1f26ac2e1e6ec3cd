"""Messages of a test case for an Avro topic: lines of JSON, encoded with the schema next to them."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path

from fastavro import schemaless_writer

from headrace.errors import Place, UserError
from headrace_udfs.formats.avro_schema import AvroSchema, Unfit
from headrace_udfs.schemas import Schema

NUMBER = 1
"""Id of the schema in a test case."""


def message(line: bytes, path: Path) -> bytes:
    """Return the line as a framed record of the schema in the file `path`; unchanged if the schema cannot encode it.

    Raises UserError for an invalid schema.
    """
    try:
        schema = AvroSchema(Schema(path.read_text(encoding="utf-8"))).readable
    except (Unfit, UnicodeDecodeError) as error:
        raise UserError(str(error), Place.of(path)) from None
    stream = BytesIO()
    try:
        schemaless_writer(stream, schema, json.loads(line), strict_allow_default=True)
    except Exception:  # of any kind: such a line becomes a dead letter
        return line
    return bytes([0, *NUMBER.to_bytes(4, "big")]) + stream.getvalue()
