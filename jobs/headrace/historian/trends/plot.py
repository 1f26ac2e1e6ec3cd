"""Select the readings that a trend has to draw: at most five per pixel, so that no spike is lost."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace.historian.aggregates.extremes import MAXIMUM, MINIMUM, find
from headrace.historian.aggregates.reduce import first_where, last_where
from headrace.historian.series.cells import Cells
from headrace.historian.series.points import Ints, Points
from headrace.historian.series.status import is_bad, severity


def plot(points: Points, cells: Cells, text: pa.Array) -> Ints:
    """Return the indices of the readings to draw, in the order of `points`.

    Of each cell: the first, the last, the smallest and the largest reading that is not bad, and the first reading of
    the worst quality unless that is good. `text` has one item per reading, null if it is a number. If there are texts,
    also the first reading with another text than the one before it, so that no short state is lost.
    """
    start, stop = points.find(cells.tag, cells.start, "left"), points.find(cells.tag, cells.end, "left")
    drawn = ~is_bad(points.quality)
    numbers = drawn & ~np.isnan(points.value)
    level = severity(points.quality).astype(float)
    doubtful = level > 0
    chosen = [
        first_where(drawn, start, stop),
        last_where(drawn, start, stop),
        find(points.value, numbers, start, stop, MINIMUM).first,
        find(points.value, numbers, start, stop, MAXIMUM).first,
        find(level, doubtful, start, stop, MAXIMUM).first,
    ]
    if text.null_count < len(text):
        word = pc.fill_null(text.dictionary_encode().indices, -1).to_numpy()
        changed = np.append(False, np.diff(word) != 0)
        chosen.append(first_where(changed, np.minimum(start + 1, stop), stop))
    indices: Ints = np.unique(np.concatenate(chosen))
    return indices[indices >= 0]
