"""Of several readings of a tag at the same instant, the one that was received last is the reading.

The others are its earlier versions, from before a correction, or copies of a message that was sent twice (OPC UA
Part 11, 6.5.3.2). They stay in the table, but no query uses them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace.historian.read.rows import Rows
from headrace.historian.series.points import Ints
from headrace.historian.series.status import Mask

_AXIS = 2**62


@dataclass(frozen=True)
class Instants:
    """Pairs of a tag and a time: `code` is the number of the tag times the number of `times`, plus that of the time.

    Both arrays are sorted, without duplicates; `times` is microseconds since 1970, UTC.
    """

    times: Ints
    code: Ints

    @classmethod
    def repeated(cls, rows: Rows) -> Instants:
        """Return the instants that have more than one row."""
        tag, ts = _repeated(rows.tag, rows.ts, len(rows.names))
        times = np.unique(ts)
        return cls(times, np.unique(tag * len(times) + np.searchsorted(times, ts)))

    def __len__(self) -> int:
        return len(self.code)

    @property
    def tags(self) -> Ints:
        """The numbers of the tags."""
        numbers: Ints = np.unique(self.code // len(self.times))
        return numbers

    def hold(self, rows: Rows) -> Mask:
        """Return for each row whether its tag and time are one of these instants."""
        place = np.minimum(np.searchsorted(self.times, rows.ts), len(self.times) - 1)
        held: Mask = (self.times[place] == rows.ts) & np.isin(rows.tag * len(self.times) + place, self.code)
        return held


def latest(rows: Rows, arrival: Sequence[str]) -> Rows:
    """Return the row of each tag and time that comes last in the order of the columns `arrival`."""
    keys = [(name, "ascending") for name in ("tag", "ts", *arrival)]
    table = rows.table.take(pc.sort_indices(rows.table, sort_keys=keys, null_placement="at_start"))
    ordered = Rows(rows.names, table)
    is_last = np.append((np.diff(ordered.tag) != 0) | (np.diff(ordered.ts) != 0), [True] * min(len(table), 1))
    return Rows(rows.names, table.filter(pa.array(is_last, pa.bool_())))


def _repeated(tag: Ints, ts: Ints, tags: int) -> tuple[Ints, Ints]:
    """Return the tag and the time of each row whose tag and time another row has too."""
    # One axis for all tags, on which rows from sorted files come in runs: these are sorted fast.
    low, span = (int(ts.min()), int(np.ptp(ts)) + 1) if len(ts) else (0, 1)
    if tags * span > _AXIS:
        times, place = np.unique(ts, return_inverse=True)
        tag, number = _repeated(tag, place.astype(np.int64), tags)
        return tag, times[number]
    key = np.sort(tag * span + (ts - low), kind="stable")
    again = key[1:][np.diff(key) == 0]
    return again // span, again % span + low
