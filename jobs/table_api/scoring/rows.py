"""The rows of Arrow streams as Tables."""

from __future__ import annotations

import pyarrow as pa
from pyflink.datastream import DataStream
from pyflink.table import Table

from headrace_udfs.scoring import tables
from table_api import Inputs

_SCHEMAS = {"scores": tables.SCORES, "events": tables.EVENTS, "alerts": tables.ALERTS}
_TYPES = {pa.string(): "STRING", pa.float64(): "DOUBLE", pa.bool_(): "BOOLEAN", tables.TS: "TIMESTAMP_LTZ(6)"}


def rows(inputs: Inputs, found: DataStream, sink: str) -> Table:
    """Return the rows that were found for one sink: columns as in the schema of that sink."""
    columns = (f"`{each.name}` {_TYPES[each.type]}{'' if each.nullable else ' NOT NULL'}" for each in _SCHEMAS[sink])
    return inputs.rows_of_sink(found, sink, f"ROW<{', '.join(columns)}>")
