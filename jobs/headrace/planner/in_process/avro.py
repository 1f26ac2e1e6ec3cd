"""Messages of a case for a topic in Avro: lines of JSON, written by the schema that the case has beside them."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path

from fastavro import schemaless_writer

from headrace.errors import Place, UserError
from headrace_udfs.formats.avro_schema import AvroSchema, Unfit
from headrace_udfs.schemas import Schema

NUMBER = 1
"""The id that the schema has in a case."""


def message(line: bytes, path: Path) -> bytes:
    """The line as a record of the schema in the file `path`, framed; as it stands where it is none.

    Raises UserError for a schema that is none.
    """
    try:
        schema = AvroSchema(Schema(path.read_text(encoding="utf-8"))).readable
    except (Unfit, UnicodeDecodeError) as error:
        raise UserError(str(error), Place.of(path)) from None
    stream = BytesIO()
    try:
        schemaless_writer(stream, schema, json.loads(line), strict_allow_default=True)
    except Exception:  # of whatever kind: such a line is to be a dead letter
        return line
    return bytes([0, *NUMBER.to_bytes(4, "big")]) + stream.getvalue()
