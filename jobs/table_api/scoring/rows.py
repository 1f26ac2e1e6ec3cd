"""The rows of Arrow streams as Tables."""

from __future__ import annotations

import pyarrow as pa
from pyflink.table import Table
from pyflink.table.expressions import call, col, lit

from headrace_udfs.scoring import tables

_SCHEMAS = {"scores": tables.SCORES, "events": tables.EVENTS, "alerts": tables.ALERTS}
_TYPES = {pa.string(): "STRING", pa.float64(): "DOUBLE", pa.bool_(): "BOOLEAN", tables.TS: "TIMESTAMP_LTZ(6)"}


def rows(found: Table, sink: str) -> Table:
    """Return the rows of the Arrow streams of `found` for one sink: columns as in the schema of that sink.

    found: columns sink STRING and stream BYTES.
    """
    schema = _SCHEMAS[sink]
    columns = [f"`{each.name}` {_TYPES[each.type]}{'' if each.nullable else ' NOT NULL'}" for each in schema]
    opened = call("arrow_rows", col("stream"), lit(f"ROW<{', '.join(columns)}>")).alias(*schema.names)
    return found.where(col("sink") == sink).join_lateral(opened).select(*map(col, schema.names))
