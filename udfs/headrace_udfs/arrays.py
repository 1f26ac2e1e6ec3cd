"""Arrow arrays put where they belong."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Doubles = npt.NDArray[np.float64]
Positions = npt.NDArray[np.int64]


def spread(values: pa.Array, where: Positions, rows: int) -> pa.Array:
    """An array of `rows` with value i at position where[i], all of them different, and null elsewhere."""
    source = np.full(rows, -1, np.int64)
    source[where] = np.arange(len(where))
    return values.take(pa.array(source, mask=source < 0))
