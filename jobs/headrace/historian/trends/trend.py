"""Select what a trend page draws: the readings of a plot, and one neighbour beyond each edge."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace.errors import UserError
from headrace.historian import answers
from headrace.historian.read.chunked_reader import ChunkedReader
from headrace.historian.read.rows import TEXT, Rows
from headrace.historian.series.cells import Cells, Intervals
from headrace.historian.series.configuration import Configuration
from headrace.historian.series.points import Ints, Points
from headrace.historian.trends.plot import plot

MAX_READ = 50_000_000
"""The most readings that one trend may be made from."""
MAX_TEXT = 200
"""The most characters of a text that are returned; it ends with an ellipsis if there were more."""


def trend(chunked_reader: ChunkedReader, names: list[str], pixels: Intervals) -> pa.Table:
    """Return the trend of `names` over `pixels`, one interval per pixel: the columns of `raw`, by tag and time.

    A text has at most MAX_TEXT characters and keeps its stored quality; a bad reading has no value. Raises UserError
    for an unknown tag and for more than MAX_READ readings, and PlatformError.
    """
    low, high = int(pixels.start.min()), int(pixels.end.max())
    points, read = [], 0

    def around(chunk: Sequence[str], start: int, end: int) -> Rows:
        return chunked_reader.around(chunk, start, end, Configuration(), also=(TEXT,))

    for chunk, part, rows in chunked_reader.each(names, pixels, around):
        read += len(rows)
        if read > MAX_READ:
            raise UserError(f"a trend of more than {MAX_READ:,} readings", fix="choose less time or fewer tags")
        stored, text = rows.stored(nonfinite_is_bad=chunked_reader.nonfinite == "bad")
        chosen = plot(stored, Cells.of(part, stored.tags), text)
        points.append(drawn(chunk, stored, text, np.union1d(chosen, _beyond(stored, part, low, high))))
    return pa.concat_tables(points)


def drawn(chunk: Sequence[str], points: Points, text: pa.Array, at: Ints) -> pa.Table:
    """Return the points with the indices `at`, and their texts of at most MAX_TEXT characters: the columns of `raw`."""
    values = answers.values(chunk, points.tag[at], points.ts[at], points.value[at], points.quality[at])
    return values.add_column(3, answers.READINGS.field(TEXT), _shortened(text.take(pa.array(at))))


def _shortened(text: pa.Array) -> pa.Array:
    start = pc.utf8_slice_codeunits(text, 0, MAX_TEXT).cast(pa.string())
    cut = pc.utf8_replace_slice(start, MAX_TEXT - 1, MAX_TEXT, "…")
    return pc.if_else(pc.greater(pc.utf8_length(text), MAX_TEXT), cut, start)


def _beyond(points: Points, part: Intervals, low: int, high: int) -> Ints:
    """Return the last reading before `low` and the first from `high` on, if `part` starts or ends there."""
    tags = np.arange(points.tags)
    none = np.empty(0, np.int64)
    before = points.find(tags, np.full(len(tags), low), "left") - 1 if part.start.min() == low else none
    after = points.find(tags, np.full(len(tags), high), "left") if part.end.max() == high else none
    return np.concatenate(
        (before[before >= points.offsets[: len(before)]], after[after < points.offsets[1 : len(after) + 1]])
    )
