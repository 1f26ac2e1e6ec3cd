"""Pack the readings that a job has decoded for its model, one pack per bucket of tags.

It happens where they are decoded, so that no reading crosses from there to the scores as a row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from headrace_udfs.arrays import Positions
from headrace_udfs.scoring import stored
from headrace_udfs.scoring.alignment import Readings
from headrace_udfs.scoring.buckets import buckets
from headrace_udfs.scoring.stream import Scorer
from headrace_udfs.status_codes import SEVERITY

_LONGEST_MESSAGE = 2**16
"""More than the readings that one message can hold."""


class Condenser:
    """Decoded readings -> the packs of the readings of a model's tags."""

    def __init__(self, scorer: Scorer) -> None:
        tags = scorer.model.tags
        self._begins_us = scorer.begins_us
        self._known = pa.array([tag.name for tag in tags], pa.string())
        self._bucket, self._place = (np.full(len(tags) + 1, -1, np.int64) for _ in range(2))
        for number, bucket in enumerate(buckets(tags)):
            self._bucket[bucket], self._place[bucket] = number, np.arange(len(bucket))

    def __call__(self, columns: Mapping[str, pa.Array], which: npt.NDArray[np.bool_]) -> list[bytes]:
        """Return the packs of the rows of `which`.

        columns: tag (string), ts (timestamp), value (double), quality, src_offset and src_index (integers).
        """
        tag = pc.index_in(columns["tag"], self._known).fill_null(-1).to_numpy().astype(np.int64)
        times = columns["ts"].cast(pa.int64()).fill_null(0).to_numpy()
        bucket = np.where(which & (times >= self._begins_us), self._bucket[tag], -1)
        order = columns["src_offset"].to_numpy() * _LONGEST_MESSAGE + columns["src_index"].to_numpy()
        values = columns["value"].to_numpy(zero_copy_only=False)
        good = columns["quality"].to_numpy(zero_copy_only=False) < SEVERITY["uncertain"]
        readings = Readings(self._place[tag], times, values, good, order)
        return [stored.pack(int(bucket[rows[0]]), readings.taken(rows)) for rows in _groups(bucket)]


def _groups(bucket: Positions) -> Sequence[Positions]:
    """Return the rows of each bucket, in their order, without those of no bucket (-1)."""
    order = np.argsort(bucket, kind="stable")
    order = order[np.searchsorted(bucket[order], 0) :]
    if not len(order):
        return []
    return np.split(order, np.flatnonzero(np.diff(bucket[order])) + 1)
