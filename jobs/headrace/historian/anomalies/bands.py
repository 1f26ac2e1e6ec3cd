"""The bands in which models expect readings, as a trend draws them: one row per pixel, and gaps where none is known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace.errors import UserError
from headrace.historian.anomalies import newest
from headrace.historian.anomalies.score_reader import BAND, ScoreReader
from headrace.historian.read.chunked_reader import ChunkedReader
from headrace.historian.series.cells import Intervals
from headrace.historian.series.points import Floats, Ints
from headrace.historian.series.status import Mask
from headrace_udfs.scoring.tables import SCORES

BANDS = pa.schema([SCORES.field(name) for name in ("tag", "model", "ts", "expected", "low", "high")])
"""One row per tag, model and pixel, in this order; a row whose values are null begins after a gap."""
MAX_READ = 50_000_000
"""The most scores that the bands of one trend may be made from."""
_MARGIN_US = 3 * 3_600_000_000
"""How far on both sides of a span to look for a band's neighbours."""
_GAP = 3.5
"""A band has a gap if two scores are more than this many usual intervals apart."""

Group = tuple[Ints, Floats, Floats, Floats]
"""Ascending times, and expected, low and high for each, NaN if not known."""


def drawn(
    tags: ChunkedReader,
    scores: ScoreReader | None,
    names: list[str],
    pixels: Intervals,
    models: Sequence[str],
) -> pa.Table:
    """Return the bands of `names` over `pixels`, one interval per pixel: columns as in BANDS.

    models: versions, name@version; all without any. Raises UserError for more than MAX_READ scores, and PlatformError.
    """
    if scores is None:
        return BANDS.empty_table()
    edges = int(pixels.start.min()), int(pixels.end.max())
    parts, read = defaultdict[tuple[str, str], list[pa.Table]](list), 0

    def around(chunk: Sequence[str], low: int, high: int) -> pa.Table:
        return scores.rows(chunk, low - _MARGIN_US, high + _MARGIN_US, of=BAND, models=models)

    for _, part, rows in tags.each(names, pixels, around):
        read += len(rows)
        if read > MAX_READ:
            raise UserError(f"bands of more than {MAX_READ:,} scores", fix="choose less time or fewer tags")
        for tag, model, group in _groups(rows):
            parts[tag, model].append(_table(tag, model, _band(group, part, edges)))
    order = {name: at for at, name in enumerate(names)}
    places = sorted(parts, key=lambda place: (order[place[0]], newest.rank(place[1])))
    return pa.concat_tables([BANDS.empty_table(), *(table for place in places for table in parts[place])])


def _groups(rows: pa.Table) -> Iterator[tuple[str, str, Group]]:
    """Yield the scores of each tag and model; `rows` are sorted by time within a tag."""
    for tag in pc.unique(rows["tag"]).to_pylist():
        of_tag = rows.filter(pc.equal(rows["tag"], tag))
        for model in pc.unique(of_tag["model"]).to_pylist():
            own = of_tag.filter(pc.equal(of_tag["model"], model))
            expected, low, high = (np.asarray(own[name], np.float64) for name in ("expected", "low", "high"))
            yield tag, model, (np.asarray(own["ts"].cast(pa.int64())), expected, low, high)


def _band(group: Group, part: Intervals, edges: tuple[int, int]) -> Group:
    """Return the rows to draw in the time of `part`, with a neighbour beyond each of `edges`; NaN is a gap."""
    times, expected, low, high, after_gap = _shown(group, part, edges)
    if not len(times):
        return times, expected, low, high
    pixel = np.where(times < part.end.max(), np.searchsorted(part.start, times, "right") - 1, len(part))
    starts = np.flatnonzero(np.append(True, np.diff(pixel) != 0))
    gaps = np.flatnonzero(after_gap[starts])
    columns = expected[starts], np.minimum.reduceat(low, starts), np.maximum.reduceat(high, starts)
    expected, low, high = (np.insert(column, gaps, np.nan) for column in columns)
    return np.insert(times[starts], gaps, times[starts][gaps]), expected, low, high


def _shown(group: Group, part: Intervals, edges: tuple[int, int]) -> tuple[Ints, Floats, Floats, Floats, Mask]:
    """Return the rows of the group that have a band and belong to `part`, and whether each comes after a gap."""
    known = np.flatnonzero(np.isfinite(group[2]) & np.isfinite(group[3]))
    times = group[0][known]
    usual = float(np.median(np.diff(group[0]))) if len(group[0]) > 1 else 0.0
    begins, ends = int(part.start.min()), int(part.end.max())
    after_gap = np.append(begins > edges[0], (np.diff(known) > 1) | (np.diff(times) > _GAP * usual))
    first, stop = np.searchsorted(times, (begins, ends)).tolist()
    first -= first > 0 and begins == edges[0]
    stop += stop < len(times) and ends == edges[1]
    kept = known[first:stop]
    return group[0][kept], group[1][kept], group[2][kept], group[3][kept], after_gap[first:stop]


def _table(tag: str, model: str, band: Group) -> pa.Table:
    times, *values = band
    names = [pa.array([name] * len(times), pa.string()) for name in (tag, model)]
    numbers = [pa.array(column, mask=~np.isfinite(column)) for column in values]
    return pa.Table.from_arrays([*names, pa.array(times).cast(BANDS.field("ts").type), *numbers], schema=BANDS)
