"""Types of NumPy arrays, and Arrow arrays spread over the rows of a batch."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Doubles = npt.NDArray[np.float64]
"""A float64 array; NaN is a missing value."""

Positions = npt.NDArray[np.int64]
"""An int64 array of row numbers."""


def spread(values: pa.Array, where: Positions, rows: int) -> pa.Array:
    """Return an array of `rows` values: value i at position where[i], null everywhere else.

    values: any Arrow type, as long as `where`. where: distinct positions from 0 to rows - 1.
    """
    source = np.full(rows, -1, np.int64)
    source[where] = np.arange(len(where))
    return values.take(pa.array(source, mask=source < 0))
