"""Flink SQL types of Iceberg columns."""

from __future__ import annotations

from collections.abc import Mapping

from pyiceberg.types import (
    BinaryType,
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    IntegerType,
    LongType,
    PrimitiveType,
    StringType,
    TimestamptzType,
)

from headrace.compose.sql_text import Sql
from headrace.project.table import Column

_FLINK: dict[type[PrimitiveType], str] = {
    StringType: "STRING",
    DoubleType: "DOUBLE",
    FloatType: "FLOAT",
    LongType: "BIGINT",
    IntegerType: "INT",
    BooleanType: "BOOLEAN",
    TimestamptzType: "TIMESTAMP_LTZ(6)",
    DateType: "DATE",
    BinaryType: "BYTES",
}


def flink_type(kind: PrimitiveType) -> Sql:
    """Return the Flink SQL type of an Iceberg type."""
    if isinstance(kind, DecimalType):
        return Sql(f"DECIMAL({kind.precision}, {kind.scale})")
    return Sql(_FLINK[type(kind)])


def flink_columns(columns: Mapping[str, Column]) -> dict[str, Sql]:
    """Return the Flink SQL type of each column, with NOT NULL where the column is required."""
    return {
        name: Sql(f"{flink_type(c.type)} NOT NULL") if c.required else flink_type(c.type) for name, c in columns.items()
    }
