"""Readings of several tags, aligned: one row per instant, one column per tag."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

import numpy as np
import pyarrow as pa

from headrace.errors import UserError
from headrace.historian.historian import Historian
from headrace.historian.series.status import GOOD, UNCERTAIN
from headrace_udfs.arrays import Doubles, Positions
from headrace_udfs.scoring import alignment
from headrace_udfs.scoring.alignment import Instants

_SECOND = 1_000_000


@dataclass(frozen=True)
class Readings:
    """Good readings of one tag in time order: times int64 [n], microseconds since the epoch; values float64 [n]."""

    times: Positions
    values: Doubles


def read(historian: Historian, names: Sequence[str], since: datetime, until: datetime) -> list[Readings]:
    """Return each tag's good readings with a finite value, from `since` to before `until`; an unknown tag has none.

    Raises PlatformError.
    """
    parts: dict[str, list[Readings]] = {name: [] for name in names}
    stored = [name for name in names if historian.tag_names.known(name)]
    for batch in historian.stream(stored, since, until) if stored else ():
        for name, part in _by_tag(batch):
            parts[name].append(part)
    return [_joined(parts[name]) for name in names]


def interval(readings: Sequence[Readings]) -> int:
    """Return the usual time between two readings of a tag, in microseconds: the middle of the tags' medians.

    Rounded to a second if it is longer. Raises UserError if no tag has two readings.
    """
    medians = [float(np.median(np.diff(each.times))) for each in readings if len(each.times) > 1]
    if not medians:
        raise UserError("the tags have no readings in this span", fix="choose another --since and --until")
    usual = int(np.median(medians))
    return max(1, round(usual / _SECOND) * _SECOND if usual > _SECOND else usual)


def aligned(readings: Sequence[Readings], every_us: int) -> Instants:
    """Return the instants, each `every_us` microseconds long and starting at a multiple of that since the epoch."""
    counts = [len(each.times) for each in readings]
    tag = np.repeat(np.arange(len(readings)), counts)
    times = np.concatenate([np.empty(0, np.int64), *(each.times for each in readings)])
    values = np.concatenate([np.empty(0), *(each.values for each in readings)])
    good, order = np.ones(len(times), np.bool_), np.zeros(len(times), np.int64)
    return alignment.aligned(alignment.Readings(tag, times, values, good, order), len(readings), every_us)


def _by_tag(batch: pa.RecordBatch) -> Iterator[tuple[str, Readings]]:
    """Yield the good readings of each tag of a batch, whose rows are sorted by tag."""
    tag = batch.column("tag").dictionary_encode()
    codes = tag.indices.to_numpy()
    edges = np.flatnonzero(np.diff(codes)) + 1
    times = batch.column("ts").cast(pa.int64()).to_numpy()
    values = batch.column("value").to_numpy(zero_copy_only=False).astype(np.float64)
    quality = batch.column("quality").to_numpy(zero_copy_only=False)
    good = np.isfinite(values) & (quality >= GOOD) & (quality < UNCERTAIN)
    bounds = [0, *edges.tolist(), len(codes)]
    for start, end in pairwise(bounds):
        if start < end:
            kept = good[start:end]
            yield tag.dictionary[int(codes[start])].as_py(), Readings(times[start:end][kept], values[start:end][kept])


def _joined(parts: Sequence[Readings]) -> Readings:
    if not parts:
        return Readings(np.empty(0, np.int64), np.empty(0))
    return Readings(np.concatenate([p.times for p in parts]), np.concatenate([p.values for p in parts]))
