"""Pack the readings of a batch, one pack per bucket of tags."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyflink.table import DataTypes, Table
from pyflink.table.expressions import call, col
from pyflink.table.udf import ScalarFunction, udf

from headrace_udfs.scoring import stored
from headrace_udfs.scoring.alignment import Readings
from headrace_udfs.scoring.buckets import buckets
from headrace_udfs.scoring.stream import Scorer
from table_api import Inputs

_NAME = "headrace_pack"


def packs(inputs: Inputs, readings: Table, scorer: Scorer) -> Table:
    """Return the packs of the readings of the model's tags: columns pack BYTES and event_time.

    readings: tag, ts in microseconds since 1970, value, good, place (the order in its source) and event_time.
    """
    function = udf(Pack(scorer), result_type=DataTypes.BYTES(), func_type="pandas")
    inputs.environment.create_temporary_system_function(_NAME, function)
    pack = call(_NAME, *map(col, ("tag", "ts", "value", "good", "place"))).alias("pack")
    return readings.select(pack, col("event_time")).where(col("pack").is_not_null)


class Pack(ScalarFunction):  # type: ignore[misc]
    """The readings of a batch -> the pack of each bucket in the row of its first reading, null in the other rows."""

    def __init__(self, scorer: Scorer) -> None:
        self._names = [tag.name for tag in scorer.model.tags]
        self._begins_us = scorer.begins_us
        self._buckets = buckets(scorer.model.tags)

    def is_deterministic(self) -> bool:
        """Return False: Flink would merge a deterministic function into the filter behind it, and call it twice."""
        return False

    def open(self, function_context: object) -> None:  # noqa: ARG002 - Flink passes it
        """Look up the bucket of each tag, and its place there."""
        self._known = pa.array(self._names, pa.string())
        self._bucket, self._place = (np.full(len(self._names) + 1, -1, np.int64) for _ in range(2))
        for number, bucket in enumerate(self._buckets):
            self._bucket[bucket], self._place[bucket] = number, np.arange(len(bucket))

    def eval(
        self,
        tags: pd.Series[Any],
        times: pd.Series[Any],
        values: pd.Series[Any],
        good: pd.Series[Any],
        places: pd.Series[Any],
    ) -> pd.Series[Any]:
        """Return BYTES per row of a batch."""
        tag = pc.index_in(pa.array(tags, pa.string()), self._known).fill_null(-1).to_numpy().astype(np.int64)
        at = times.to_numpy(np.int64)
        bucket = np.where(at >= self._begins_us, self._bucket[tag], -1)
        readings = Readings(
            self._place[tag], at, values.to_numpy(np.float64), good.to_numpy(np.bool_), places.to_numpy(np.int64)
        )
        packed = np.full(len(tags), None, object)
        for rows in _groups(bucket):
            number = int(bucket[rows[0]])
            packed[rows[0]] = stored.pack(number, readings.taken(rows))
        return pd.Series(packed)


def _groups(bucket: np.ndarray[Any, np.dtype[np.int64]]) -> Sequence[np.ndarray[Any, np.dtype[np.int64]]]:
    """Return the rows of each bucket, in their order, without those of no bucket (-1)."""
    order = np.argsort(bucket, kind="stable")
    order = order[np.searchsorted(bucket[order], 0) :]
    if not len(order):
        return []
    return np.split(order, np.flatnonzero(np.diff(bucket[order])) + 1)
