"""The wrapper that runs a Pipeline inside Flink's Python workers: one SQL function per column, one run per batch."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyflink.table import DataTypes
from pyflink.table.udf import FunctionContext, ScalarFunction, UserDefinedScalarFunctionWrapper, udf

from headrace_udfs import memory
from headrace_udfs.flink_arrays import TYPES, ArrowColumn
from headrace_udfs.high_water import NOTHING, HighWater
from headrace_udfs.messages import Messages
from headrace_udfs.pipeline import CODE, ERRORS, HIGH_WATER, Pipeline
from headrace_udfs.poison import Poison
from headrace_udfs.sealed import SEALED, Protection
from headrace_udfs.types import ARROW, TS


class _SharedRun:
    """What a pipeline computes once per batch, whichever of its functions is called first."""

    def __init__(self, pipeline: Pipeline, context: FunctionContext, compute: Callable[..., Any]) -> None:
        memory.keep_freed()
        metrics = context.get_metric_group().add_group("headrace")
        pipeline.open(lambda name, n: metrics.counter(name).inc(n))
        self._pipeline, self._compute = pipeline, compute
        self._last: tuple[object, Any] | None = None
        self.users = 0

    def of(self, batch: pd.Series[Any], *others: pd.Series[Any]) -> Any:
        """Return what is computed of a batch, which PyFlink passes to all functions as the same Series."""
        last = self._last  # read and set as one value: two threads may share a run
        if last is None or last[0] is not batch:
            last = self._last = batch, self._compute(batch, *others)
        return last[1]

    def close(self) -> None:
        """Close the pipeline."""
        self._pipeline.close()


_lock = threading.Lock()
_runs: dict[str, _SharedRun] = {}


class PipelineFunction(ScalarFunction):  # type: ignore[misc]
    """A function of what a pipeline computes. Functions with the same `key` share one run per batch."""

    def __init__(self, pipeline: Pipeline, key: str) -> None:
        self._pipeline, self._key = pipeline, key

    def computation(self, pipeline: Pipeline) -> Callable[..., Any]:
        """Return the function of a batch whose result all functions of the key share. The pipeline is not open yet."""
        run = Poison(self._key, pipeline).run_messages
        return lambda payloads: run(Messages(payloads.tolist(), topics=pipeline.topic)).batch

    def open(self, function_context: FunctionContext) -> None:
        """Open the pipeline, or share the one that another function of the same key has opened."""
        with _lock:
            if self._key not in _runs:
                compute = self.computation(self._pipeline)
                _runs[self._key] = _SharedRun(self._pipeline, function_context, compute)
            self.run = _runs[self._key]
            self.run.users += 1

    def close(self) -> None:
        """Close the pipeline if no other function uses it."""
        with _lock:
            self.run.users -= 1
            if not self.run.users:
                _runs.pop(self._key).close()


class IngestColumn(PipelineFunction):
    """payload BYTES -> the column `name` of the pipeline."""

    def __init__(self, pipeline: Pipeline, key: str, name: str) -> None:
        super().__init__(pipeline, key)
        self._name = name

    def eval(self, payloads: pd.Series[Any]) -> ArrowColumn:
        """Return the column for one batch. Raises RegistryFailed."""
        return ArrowColumn(self.run.of(payloads).column(self._name))


class IngestHighWater(PipelineFunction):
    """payload BYTES, src_partition INT -> the event time that all partitions of this reader have reached, or null."""

    def __init__(self, pipeline: Pipeline, key: str, partitions: int, readers: int) -> None:
        super().__init__(pipeline, key)
        self._partitions, self._readers = partitions, readers

    def open(self, function_context: FunctionContext) -> None:
        """Open the pipeline and start to track event time."""
        super().open(function_context)
        self._high_water = HighWater(self._partitions, self._readers)

    def eval(self, payloads: pd.Series[Any], partitions: pd.Series[Any]) -> ArrowColumn:
        """Return a timestamp per record of one batch. Raises RegistryFailed."""
        batch = self.run.of(payloads)
        times = batch.column(TS).cast(pa.int64()).fill_null(0).to_numpy()
        good = batch.column(CODE).is_null().to_numpy(zero_copy_only=False)
        reached = self._high_water.advance(times, good, partitions.to_numpy(np.int64))
        return ArrowColumn(pa.array(reached, mask=reached == NOTHING).cast(ARROW["timestamp"]))


class SealedPayload(ScalarFunction):  # type: ignore[misc]
    """payload BYTES -> what is stored of it."""

    def __init__(self, protection: Protection) -> None:
        self._protection = protection

    def open(self, function_context: FunctionContext) -> None:  # noqa: ARG002 - Flink's signature
        """Get the key. Raises BadKey."""
        self._protector = self._protection.open()

    def eval(self, payloads: pd.Series[Any]) -> ArrowColumn:
        """Return what is stored of each payload of a batch."""
        return ArrowColumn(pa.array(self._protector.stored(payloads.tolist()), pa.binary()))


def ingest(pipeline: Pipeline, partitions: int, readers: int) -> dict[str, UserDefinedScalarFunctionWrapper]:
    """Return a SQL function for each column of the pipeline and of ERRORS, and one for HIGH_WATER, by column name.

    If payloads are to be encrypted, there is one more, SEALED.

    partitions: the number of partitions of the topic. readers: the number of readers that share them. Each message
    holds one reading.
    """
    key = uuid.uuid4().hex
    types = {name: TYPES[kind] for name, kind in {**pipeline.columns, **ERRORS}.items()}
    functions = {
        name: udf(IngestColumn(pipeline, key, name), result_type=kind, func_type="pandas")
        for name, kind in types.items()
    }
    high_water = IngestHighWater(pipeline, key, partitions, readers)
    functions[HIGH_WATER] = udf(high_water, result_type=TYPES["timestamp"], func_type="pandas")
    for protection in (pipeline.dead_letters, pipeline.late_readings):
        if protection.handling == "encrypt":
            sealed = SealedPayload(protection)
            functions[SEALED] = udf(sealed, result_type=DataTypes.BYTES(), func_type="pandas")
    return functions
