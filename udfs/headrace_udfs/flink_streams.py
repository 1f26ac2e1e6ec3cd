"""The wrapper that runs Streams inside Flink's Python workers: one SQL function per stream, one run per batch."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
from pyflink.table import DataTypes
from pyflink.table.udf import UserDefinedScalarFunctionWrapper, udf

from headrace_udfs.flink import PipelineFunction
from headrace_udfs.flink_arrays import TYPES, ArrowColumn
from headrace_udfs.high_water import NOTHING, HighWater
from headrace_udfs.pipeline import Pipeline
from headrace_udfs.poison import Poison
from headrace_udfs.reader_watermark import ReaderWatermark
from headrace_udfs.streams import Condense, Stream, Streamed, Streams
from headrace_udfs.types import ARROW

Name = Literal["good", "letters", "late", "watermark", "sessions"]


@dataclass(frozen=True)
class Timing:
    """What a reader's watermark depends on.

    partitions: of the topic. readers: the readers that share them. lateness_us: the contract's, in microseconds.
    """

    partitions: int
    readers: int
    lateness_us: int


@dataclass(frozen=True)
class Work:
    """What is to be done with the readings of packs: see Streams."""

    timing: Timing | None = None
    condense: Condense | None = None


class IngestStream(PipelineFunction):
    """pack BYTES, or pack BYTES and the watermark after it -> one of the streams of the packs, or their watermark."""

    def __init__(self, pipeline: Pipeline, key: str, name: Name, work: Work) -> None:
        super().__init__(pipeline, key)
        self._name, self._work = name, work

    def computation(self, pipeline: Pipeline) -> Callable[..., Any]:
        """Return the function of packs that returns what becomes of them."""
        watermark = None
        if timing := self._work.timing:
            watermark = ReaderWatermark(HighWater(timing.partitions, timing.readers), timing.lateness_us)
        streams = Streams(pipeline, watermark, self._work.condense, Poison(self._key, pipeline).run)
        return lambda packs, *given: streams.of(packs.tolist(), *map(_micros, given))

    def eval(self, packs: pd.Series[Any], *given: pd.Series[Any]) -> ArrowColumn:
        """Return a stream or a watermark for each pack of a batch. Raises NotAPack; RegistryFailed."""
        streamed: Streamed = self.run.of(packs, *given)
        if self._name == "watermark":
            us = np.array(streamed.watermarks, np.int64)
            return ArrowColumn(pa.array(us, mask=us == NOTHING).view(ARROW["timestamp"]))
        return ArrowColumn(_column(getattr(streamed, self._name)))


def _column(streams: Sequence[Stream]) -> pa.Array:
    """Return the streams as a column of bytes; without a copy if there is only one, as there is of large packs."""
    found = [stream for stream in streams if stream is not None]
    if len(found) != 1:
        return pa.array([None if stream is None else stream.to_pybytes() for stream in streams], pa.binary())
    ends = np.cumsum([0, *(0 if stream is None else stream.size for stream in streams)], dtype=np.int32)
    valid = pa.array([stream is not None for stream in streams]).buffers()[1]
    return pa.Array.from_buffers(pa.binary(), len(streams), [valid, pa.py_buffer(ends), found[0]])


def _micros(times: pd.Series[Any]) -> list[int | None]:
    micros: list[int | None] = pa.array(times, ARROW["timestamp"], from_pandas=True).cast(pa.int64()).to_pylist()
    return micros


def _more(pipeline: Pipeline, work: Work) -> tuple[Name, ...]:
    if pipeline.sessions:
        return ("sessions",)
    return ("late", "watermark") if work.timing else ()


def ingest_streams(pipeline: Pipeline, work: Work) -> dict[str, UserDefinedScalarFunctionWrapper]:
    """Return the SQL functions of packs, by name: good, letters, and late and watermark, or sessions, if there are."""
    key = uuid.uuid4().hex
    names: list[Name] = ["good", "letters", *_more(pipeline, work)]
    return {
        name: udf(
            IngestStream(pipeline, key, name, work),
            result_type=TYPES["timestamp"] if name == "watermark" else DataTypes.BYTES(),
            func_type="pandas",
        )
        for name in names
    }
