"""The thin wrapper that runs a Pipeline inside Flink's Python workers."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow as pa
from pyflink.table import DataTypes
from pyflink.table.types import DataType
from pyflink.table.udf import FunctionContext, ScalarFunction, UserDefinedScalarFunctionWrapper, udf

from headrace_udfs.pipeline import ERRORS, INDEX, Pipeline
from headrace_udfs.types import ContractType

_TYPES: dict[ContractType, DataType] = {
    "string": DataTypes.STRING(),
    "double": DataTypes.DOUBLE(),
    "long": DataTypes.BIGINT(),
    "boolean": DataTypes.BOOLEAN(),
    "timestamp": DataTypes.TIMESTAMP(6),  # UTC: PyFlink carries no TIMESTAMP_LTZ inside a ROW
}


class _Columns:
    """A struct array that PyFlink takes for a pandas column.

    PyFlink makes an Arrow array of a result by `pa.Array.from_pandas(result, mask=result.isnull())`, and pyarrow asks
    the result for its own array first, if there is no mask. So the columns cross as they were built, where a DataFrame
    costs two conversions of each.
    """

    def __init__(self, struct: pa.StructArray) -> None:
        self._struct = struct

    def isnull(self) -> None:
        """No mask: the array has its own."""

    def __arrow_array__(self, type: pa.DataType | None = None) -> pa.StructArray:  # noqa: A002 - pyarrow's protocol
        return self._struct if type is None else self._struct.cast(type)


class Ingest(ScalarFunction):  # type: ignore[misc]
    """payload BYTES -> ROW of the pipeline's columns and err_stage, err_code, err_msg."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    def open(self, function_context: FunctionContext) -> None:
        metrics = function_context.get_metric_group().add_group("headrace")
        self._pipeline.open(lambda name, n: metrics.counter(name).inc(n))

    def close(self) -> None:
        self._pipeline.close()

    def eval(self, payloads: pd.Series[Any]) -> _Columns:
        return _Columns(self._pipeline.run(payloads.tolist()).to_struct_array())


def ingest(pipeline: Pipeline) -> UserDefinedScalarFunctionWrapper:
    """The SQL function of a pipeline. Of a message with many readings it gives an array a column, and INDEX."""
    types = {name: _TYPES[kind] for name, kind in {**pipeline.columns, **ERRORS}.items()}
    if pipeline.many:
        types = {name: DataTypes.ARRAY(kind) for name, kind in {**types, INDEX: DataTypes.INT()}.items()}
    row = DataTypes.ROW([DataTypes.FIELD(name, kind) for name, kind in types.items()])
    return udf(Ingest(pipeline), result_type=row, func_type="pandas")
