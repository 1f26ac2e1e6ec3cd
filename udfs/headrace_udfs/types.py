"""The types of a contract, and what each is in Arrow and in the record that a worker gives back to Flink SQL."""

from __future__ import annotations

from typing import Literal

import pyarrow as pa

# The columns that every contract has beside its fields.
TS = "ts"
QUALITY = "quality"

ContractType = Literal["string", "double", "long", "boolean", "timestamp"]

# A timestamp is microseconds since 1970-01-01T00:00:00Z. Arrow's has no zone: PyFlink turns one with a zone into
# the local time of the worker's machine.
ARROW: dict[ContractType, pa.DataType] = {
    "string": pa.string(),
    "double": pa.float64(),
    "long": pa.int64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us"),
}

FLINK: dict[ContractType, str] = {
    "string": "STRING",
    "double": "DOUBLE",
    "long": "BIGINT",
    "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMP(6)",
}
