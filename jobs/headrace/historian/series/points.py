"""Readings of many tags in one set of arrays, in the order that aggregates need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from headrace.errors import Problem, UserError
from headrace.historian.series.status import BAD, BAD_NO_DATA, Mask, Status, code, is_bad, severity

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Side = Literal["left", "right"]


@dataclass(frozen=True)
class Points:
    """Readings of tags 0 to n-1, sorted by tag and time.

    `offsets` has n + 1 items: the readings of a tag are the range from its offset to the next. The other arrays have
    one item per reading: `ts` in microseconds since 1970, UTC; `value`, NaN if the quality is bad; `quality`, a
    StatusCode. Readings of one tag at the same instant are sorted so that the good ones come last, among those the
    largest, and among equal values the one with the lowest code. So the value that holds from that instant does not
    depend on the order of storage.
    """

    offsets: Ints
    ts: Ints
    value: Floats
    quality: Status

    @classmethod
    def of(cls, names: Sequence[str], tag: Ints, ts: Ints, value: Floats, quality: Status) -> Points:
        """Return the points of readings in any order; `tag` numbers the tags as in `names`.

        The value of a reading of bad quality is dropped. Raises UserError if a reading of any other quality has a value
        that is not a finite number.
        """
        bad = is_bad(quality)
        refuse_nonfinite(names, tag, ts, value, ~bad)
        value = np.where(bad, np.nan, value)
        order = in_order(tag, ts, quality, value)
        offsets = np.searchsorted(tag[order], np.arange(len(names) + 1))
        return cls(offsets.astype(np.int64), ts[order], value[order], quality[order])

    @property
    def tags(self) -> int:
        """The number of tags, including those without readings."""
        return len(self.offsets) - 1

    @cached_property
    def tag(self) -> Ints:
        """The number of each reading's tag, one item per reading."""
        return np.repeat(np.arange(self.tags), np.diff(self.offsets))

    def where(self, keep: Mask) -> Points:
        """Return the readings for which `keep` is true."""
        before = np.concatenate(([0], np.cumsum(keep)))
        return Points(before[self.offsets], self.ts[keep], self.value[keep], self.quality[keep])

    def since_creation(self) -> Points:
        """Return the points without leading Bad_NoData readings, with which a historian marks the creation of a tag."""
        return self.where(self.created)

    @property
    def created(self) -> Mask:
        """Whether each reading is not one of the leading Bad_NoData readings of its tag."""
        data = code(self.quality) != BAD_NO_DATA
        seen = np.concatenate(([0], np.cumsum(data)))
        created: Mask = seen[1:] > seen[self.offsets[self.tag]]
        return created

    def find(self, tag: Ints, time: Ints, side: Side) -> Ints:
        """Return for each pair of `tag` and `time` the index of the tag's first reading at or after the time.

        With `side` "right", the first reading after the time. If there is none, the index is the end of the tag's
        readings.
        """
        if not len(self.ts):
            return np.zeros(len(tag), np.int64)
        origin, span, keys = self._keys
        return np.searchsorted(keys, tag * span + np.clip(time - origin, 0, span - 1), side).astype(np.int64)

    @cached_property
    def _keys(self) -> tuple[np.int64, np.int64, Ints]:
        """One axis for all tags, on which the times of a tag follow those of the previous tag.

        With it, one binary search serves the lookups of all tags.
        """
        origin = self.ts.min() - 1
        span = self.ts.max() - origin + 2
        return origin, span, self.tag * span + (self.ts - origin)

    @cached_property
    def first(self) -> Ints:
        """The time of each tag's first reading, one item per tag; the largest int64 if it has none."""
        return self._edge(self.offsets[:-1], np.iinfo(np.int64).max)

    @cached_property
    def last(self) -> Ints:
        """The time of each tag's last reading, one item per tag; the smallest int64 if it has none."""
        return self._edge(self.offsets[1:] - 1, np.iinfo(np.int64).min)

    def _edge(self, index: Ints, otherwise: int) -> Ints:
        empty = np.diff(self.offsets) == 0
        if not len(self.ts):
            return np.full(self.tags, otherwise)
        return np.where(empty, otherwise, self.ts[np.clip(index, 0, len(self.ts) - 1)])


def instant(ts: int) -> str:
    """Return microseconds since 1970 as ISO 8601 text in UTC."""
    try:
        return datetime.fromtimestamp(ts / 1e6, UTC).isoformat().replace("+00:00", "Z")
    except (OverflowError, ValueError, OSError):
        return f"{ts} microseconds since 1970"


def in_order(tag: Ints, ts: Ints, quality: Status, value: Floats) -> Ints:
    """Return the indices of the readings in the order of `Points`; arrays as in `Points.of`."""
    # Readings from sorted files come in runs, which a stable sort by one key merges fast; the few readings that share
    # an instant are then sorted by all keys.
    key = tag * (np.ptp(ts) + 1 if len(ts) else 1) + (ts - ts.min(initial=np.iinfo(np.int64).max))
    order = np.argsort(key, kind="stable")
    same = np.diff(key[order]) == 0
    tied = np.flatnonzero(np.append(same, False) | np.append(False, same))
    among = order[tied]
    rank = -severity(quality[among]).astype(np.int64)
    order[tied] = among[np.lexsort((-quality[among].astype(np.int64), value[among], rank, key[among]))]
    return order


def refuse_nonfinite(names: Sequence[str], tag: Ints, ts: Ints, value: Floats, checked: Mask) -> None:
    """Raise UserError if a value for which `checked` is true is not a finite number; arrays as in `Points.of`."""
    wrong = np.flatnonzero(checked & ~np.isfinite(value))
    if len(wrong):
        at = wrong[0]
        what = f"{len(wrong):,} reading(s) of usable quality are not finite numbers, the first of {names[tag[at]]}"
        fix = "repair the writer, or use nonfinite='bad' to count them as Bad"
        raise UserError([Problem(f"{what} at {instant(int(ts[at]))}: {value[at]}", fix=fix)])


def nonfinite_as_bad(value: Floats, quality: Status) -> Status:
    """Return `quality` with Bad for each value that is not a finite number."""
    return np.where(np.isfinite(value) | is_bad(quality), quality, BAD)
