"""The thin wrapper that runs a Pipeline inside Flink's Python workers: a SQL function a column, one run for all."""

from __future__ import annotations

import threading
import uuid
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyflink.table import DataTypes
from pyflink.table.udf import FunctionContext, ScalarFunction, UserDefinedScalarFunctionWrapper, udf

from headrace_udfs.flink_arrays import TYPES, ArrowColumn
from headrace_udfs.high_water import NOTHING, HighWater
from headrace_udfs.pipeline import CODE, ERRORS, HIGH_WATER, INDEX, Pipeline
from headrace_udfs.types import ARROW, TS


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


class _OfPass(ScalarFunction):  # type: ignore[misc]
    """A function on the batches of a pipeline. Those with the same `key` share one run of it a batch."""

    def __init__(self, pipeline: Pipeline, key: str) -> None:
        self._pipeline, self._key = pipeline, key

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


class IngestColumn(_OfPass):
    """payload BYTES -> the column `name` of the pipeline's."""

    def __init__(self, pipeline: Pipeline, key: str, name: str) -> None:
        super().__init__(pipeline, key)
        self._name = name

    def eval(self, payloads: pd.Series[Any]) -> ArrowColumn:
        return ArrowColumn(self._pass.batch(payloads).column(self._name))


class IngestHighWater(_OfPass):
    """payload BYTES, src_partition INT -> the event time that no partition of this reader is behind, or null."""

    def __init__(self, pipeline: Pipeline, key: str, partitions: int, readers: int) -> None:
        super().__init__(pipeline, key)
        self._shared_by = partitions, readers

    def open(self, function_context: FunctionContext) -> None:
        super().open(function_context)
        self._high_water = HighWater(*self._shared_by)

    def eval(self, payloads: pd.Series[Any], partitions: pd.Series[Any]) -> ArrowColumn:
        batch = self._pass.batch(payloads)
        times = batch.column(TS).cast(pa.int64()).fill_null(0).to_numpy()
        good = batch.column(CODE).is_null().to_numpy(zero_copy_only=False)
        reached = self._high_water.advance(times, good, partitions.to_numpy(np.int64))
        return ArrowColumn(pa.array(reached, mask=reached == NOTHING).cast(ARROW["timestamp"]))


def ingest(pipeline: Pipeline, partitions: int, readers: int) -> dict[str, UserDefinedScalarFunctionWrapper]:
    """A SQL function for each column of the pipeline and of ERRORS, and one for HIGH_WATER, by the column's name.

    The topic has so many `partitions`, and so many `readers` share them. Of a message with many readings each function
    gives an array, and there is one for INDEX in place of HIGH_WATER.
    """
    key = uuid.uuid4().hex
    types = {name: TYPES[kind] for name, kind in {**pipeline.columns, **ERRORS}.items()}
    if pipeline.many:
        types = {name: DataTypes.ARRAY(kind) for name, kind in {**types, INDEX: DataTypes.INT()}.items()}
    functions = {
        name: udf(IngestColumn(pipeline, key, name), result_type=kind, func_type="pandas")
        for name, kind in types.items()
    }
    if not pipeline.many:
        high_water = IngestHighWater(pipeline, key, partitions, readers)
        functions[HIGH_WATER] = udf(high_water, result_type=TYPES["timestamp"], func_type="pandas")
    return functions
