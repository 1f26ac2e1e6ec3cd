"""Select what a trend page draws: the readings of a plot, one neighbour beyond each edge, and anomalies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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

MARKS = ("score", "anomaly")
"""Columns of historian.readings that mark an anomaly."""
MAX_READ = 50_000_000
"""The most readings that one trend may be made from."""
MARK_PIXELS = 8
"""The width of an anomaly's mark: of anomalies whose marks would overlap, only the strongest is returned."""
MAX_TEXT = 200
"""The most characters of a text that are returned; it ends with an ellipsis if there were more."""
ANOMALIES = pa.schema([("tag", pa.string()), ("ts", answers.TS), ("value", pa.float64()), ("score", pa.float64())])


@dataclass(frozen=True)
class Trend:
    """The trend of several tags.

    `points` has the columns of `raw`: a text is in `text`, of MAX_TEXT characters at most, and has its stored quality;
    a bad reading has no value. `anomalies` has those of ANOMALIES, the strongest of every MARK_PIXELS pixels. Both are
    sorted by tag, then by time. `anomaly_counts` is the number of all anomalies of each tag.
    """

    points: pa.Table
    anomalies: pa.Table
    anomaly_counts: dict[str, int]


def trend(chunked_reader: ChunkedReader, names: list[str], pixels: Intervals) -> Trend:
    """Return the trend of `names` over `pixels`, one interval per pixel.

    Raises UserError for an unknown tag and for more than MAX_READ readings, and PlatformError.
    """
    low, high = int(pixels.start.min()), int(pixels.end.max())
    points, anomalies, counts, read = [], [], dict.fromkeys(names, 0), 0

    def around(chunk: Sequence[str], start: int, end: int) -> Rows:
        return chunked_reader.around(chunk, start, end, Configuration(), also=(*MARKS, TEXT))

    for chunk, part, rows in chunked_reader.each(names, pixels, around):
        read += len(rows)
        if read > MAX_READ:
            raise UserError(f"a trend of more than {MAX_READ:,} readings", fix="choose less time or fewer tags")
        stored, text = rows.stored(nonfinite_is_bad=chunked_reader.nonfinite == "bad")
        chosen = plot(stored, Cells.of(part, stored.tags), text)
        points.append(drawn(chunk, stored, text, np.union1d(chosen, _beyond(stored, part, low, high))))
        flagged = _flagged(rows, part)
        anomalies.append(flagged.table.take(_strongest(flagged, part)).select(ANOMALIES.names).cast(ANOMALIES))
        for name, count in zip(chunk, np.bincount(flagged.tag, minlength=len(chunk)), strict=True):
            counts[name] += int(count)
    return Trend(pa.concat_tables(points), pa.concat_tables(anomalies), counts)


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


def _flagged(rows: Rows, part: Intervals) -> Rows:
    """Return the anomalies among `rows` that lie in the time of `part`."""
    within = (rows.ts >= part.start.min()) & (rows.ts < part.end.max())
    return Rows(rows.names, rows.table.filter(pc.and_(pc.fill_null(rows.table["anomaly"], False), pa.array(within))))


def _strongest(rows: Rows, part: Intervals) -> Ints:
    """Return the index of the row with the largest absolute score, for each tag in every MARK_PIXELS intervals."""
    score = np.abs(np.nan_to_num(rows.table["score"].to_numpy().astype(np.float64)))
    cell = rows.tag * len(part) + (np.searchsorted(part.start, rows.ts, "right") - 1) // MARK_PIXELS
    order = np.lexsort((rows.ts, -score, cell))
    _, first = np.unique(cell[order], return_index=True)
    strongest: Ints = order[first]
    return strongest
