"""Values of messages as a SQL function: a row of columns -> BYTES."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pyflink.common import Row
from pyflink.table import DataTypes
from pyflink.table.types import DataType
from pyflink.table.udf import FunctionContext, ScalarFunction, UserDefinedScalarFunctionWrapper, udf

from headrace_udfs.encoding import Encoding
from headrace_udfs.registry import RegistryAddress
from headrace_udfs.schemas import RegistryFailed

_TYPES: Mapping[str, DataType] = {
    "string": DataTypes.STRING(),
    "double": DataTypes.DOUBLE(),
    "float": DataTypes.FLOAT(),
    "long": DataTypes.BIGINT(),
    "int": DataTypes.INT(),
    "boolean": DataTypes.BOOLEAN(),
    "timestamptz": DataTypes.TIMESTAMP(6),  # in UTC, which is the session's time zone
    "date": DataTypes.DATE(),
    "binary": DataTypes.BYTES(),
}


class EncodedValue(ScalarFunction):  # type: ignore[misc]
    """A row of the columns of an encoding -> the value of a message."""

    def __init__(self, encoding: Encoding, registry: RegistryAddress | int | None) -> None:
        self._encoding, self._registry = encoding, registry

    def open(self, function_context: FunctionContext) -> None:  # noqa: ARG002 - Flink's signature
        """Get the id of the schema. Raises RegistryFailed."""
        given = self._registry
        if given is None:
            raise RegistryFailed(f"{self._encoding.topic} needs a schema registry, and the environment has none")
        self._encode = self._encoding.encoder(given if isinstance(given, int) else self._encoding.number(given))

    def eval(self, row: Row) -> bytes:
        """Return the value of a message. Raises ValueError for a null that must not be."""
        return self._encode([_with_zone(each) for each in row])


def encoder(encoding: Encoding, registry: RegistryAddress | int | None) -> UserDefinedScalarFunctionWrapper:
    """Return the SQL function of an encoding. registry: where it finds the id of the schema, or the id itself.

    It gets a row at a time: PyFlink's batches have doubles for longs if one is null, and no NaN.
    """
    return udf(
        EncodedValue(encoding, registry),
        input_types=[DataTypes.ROW([DataTypes.FIELD(each.name, _type(each.kind)) for each in encoding.columns])],
        result_type=DataTypes.BYTES().not_null(),
    )


def _with_zone(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value


def _type(kind: str) -> DataType:
    if kind.startswith("decimal"):
        precision, scale = kind.removeprefix("decimal(").removesuffix(")").split(",")
        return DataTypes.DECIMAL(int(precision), int(scale))
    return _TYPES[kind]
