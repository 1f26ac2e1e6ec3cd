"""The thin wrapper that runs a Pipeline inside Flink's Python workers: a SQL function a column, one run for all."""

from __future__ import annotations

import threading
import uuid
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
    "timestamp": DataTypes.TIMESTAMP(6),  # UTC: PyFlink carries no TIMESTAMP_LTZ inside an ARRAY
}


class _Column:
    """An Arrow array that PyFlink takes for a pandas column.

    PyFlink makes an Arrow array of a result by `pa.Array.from_pandas(result, mask=result.isnull())`, and pyarrow asks
    the result for its own array first, if there is no mask. So a column crosses as it was built.
    """

    def __init__(self, values: pa.Array) -> None:
        self._values = values

    def isnull(self) -> None:
        """No mask: the array has its own."""

    def __arrow_array__(self, type: pa.DataType | None = None) -> pa.Array:  # noqa: A002 - pyarrow's protocol
        return self._values if type is None else self._values.cast(type)


class _Pass:
    """A pipeline that runs once a batch, whichever of its columns is asked for first."""

    def __init__(self, pipeline: Pipeline, context: FunctionContext) -> None:
        metrics = context.get_metric_group().add_group("headrace")
        pipeline.open(lambda name, n: metrics.counter(name).inc(n))
        self._pipeline = pipeline
        self._last: tuple[object, pa.RecordBatch] | None = None
        self.users = 0

    def batch(self, payloads: pd.Series[Any]) -> pa.RecordBatch:
        """The readings of `payloads`. PyFlink hands one Series to all functions of a call: it is the batch's name."""
        last = self._last  # read and set as one, for two threads may share a pass
        if last is None or last[0] is not payloads:
            last = self._last = payloads, self._pipeline.run(payloads.tolist())
        return last[1]

    def close(self) -> None:
        self._pipeline.close()


_lock = threading.Lock()
_passes: dict[str, _Pass] = {}


class IngestColumn(ScalarFunction):  # type: ignore[misc]
    """payload BYTES -> one column of the pipeline's. Functions with the same `key` share one run of it a batch."""

    def __init__(self, pipeline: Pipeline, key: str, name: str) -> None:
        self._pipeline, self._key, self._name = pipeline, key, name

    def open(self, function_context: FunctionContext) -> None:
        with _lock:
            if self._key not in _passes:
                _passes[self._key] = _Pass(self._pipeline, function_context)
            self._pass = _passes[self._key]
            self._pass.users += 1

    def close(self) -> None:
        with _lock:
            self._pass.users -= 1
            if not self._pass.users:
                _passes.pop(self._key).close()

    def eval(self, payloads: pd.Series[Any]) -> _Column:
        return _Column(self._pass.batch(payloads).column(self._name))


def ingest(pipeline: Pipeline) -> dict[str, UserDefinedScalarFunctionWrapper]:
    """A SQL function for each column of the pipeline and of ERRORS, by the column's name.

    Of a message with many readings each gives an array, and there is one for INDEX.
    """
    key = uuid.uuid4().hex
    types = {name: _TYPES[kind] for name, kind in {**pipeline.columns, **ERRORS}.items()}
    if pipeline.many:
        types = {name: DataTypes.ARRAY(kind) for name, kind in {**types, INDEX: DataTypes.INT()}.items()}
    return {
        name: udf(IngestColumn(pipeline, key, name), result_type=kind, func_type="pandas")
        for name, kind in types.items()
    }
