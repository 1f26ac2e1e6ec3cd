"""The types of a contract, and their equivalents in Arrow and in Flink SQL."""

from __future__ import annotations

from typing import Literal

import pyarrow as pa

TS = "ts"
"""The column with the time of a reading, which every contract has in addition to its fields."""

QUALITY = "quality"
"""The column with the OPC UA StatusCode of a reading, which every contract has in addition to its fields."""

ContractType = Literal["string", "double", "long", "boolean", "timestamp"]
"""The types that a field can have. A timestamp is microseconds since 1970-01-01T00:00:00Z."""

# Arrow's timestamp has no zone: PyFlink converts one with a zone to the local time of the worker's machine.
ARROW: dict[ContractType, pa.DataType] = {
    "string": pa.string(),
    "double": pa.float64(),
    "long": pa.int64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us"),
}
"""The Arrow type of each contract type."""

FLINK: dict[ContractType, str] = {
    "string": "STRING",
    "double": "DOUBLE",
    "long": "BIGINT",
    "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMP(6)",
}
"""The Flink SQL type of each contract type in the row that a worker returns."""
