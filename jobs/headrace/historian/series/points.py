"""Readings of many tags in one set of arrays, in the order in which aggregates walk through them."""

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

    `offsets` (n + 1) says where each tag's readings start; `ts` is microseconds since 1970, UTC; `value` is NaN where
    `quality`, a StatusCode, is bad. Of readings of one tag at one instant the good ones stand last, and of those the
    largest, of equal ones that of the lowest code: what holds on from there does not depend on the order in which they
    were stored.
    """

    offsets: Ints
    ts: Ints
    value: Floats
    quality: Status

    @classmethod
    def of(cls, names: Sequence[str], tag: Ints, ts: Ints, value: Floats, quality: Status) -> Points:
        """Readings in any order, each of the tag with that number in `names`.

        Raises UserError for a value that is no finite number.

        A reading of bad quality needs no value, and loses the one it has.
        """
        bad = is_bad(quality)
        _refuse_nonfinite(names, tag, ts, value, ~bad)
        value = np.where(bad, np.nan, value)
        order = _order(tag, ts, quality, value)
        offsets = np.searchsorted(tag[order], np.arange(len(names) + 1))
        return cls(offsets.astype(np.int64), ts[order], value[order], quality[order])

    @property
    def tags(self) -> int:
        """How many tags, those without readings among them."""
        return len(self.offsets) - 1

    @cached_property
    def tag(self) -> Ints:
        """The tag of each reading, as a number."""
        return np.repeat(np.arange(self.tags), np.diff(self.offsets))

    def where(self, keep: Mask) -> Points:
        """Those readings for which `keep` is true."""
        before = np.concatenate(([0], np.cumsum(keep)))
        return Points(before[self.offsets], self.ts[keep], self.value[keep], self.quality[keep])

    def since_creation(self) -> Points:
        """Without the Bad_NoData at a tag's start, by which a historian marks that the tag was made."""
        data = code(self.quality) != BAD_NO_DATA
        seen = np.concatenate(([0], np.cumsum(data)))
        return self.where(seen[1:] > seen[self.offsets[self.tag]])

    def find(self, tag: Ints, time: Ints, side: Side) -> Ints:
        """For each pair of a tag and a time, the index of that tag's first reading at or after it (left), or after.

        The end of the tag's readings, where there is none.
        """
        if not len(self.ts):
            return np.zeros(len(tag), np.int64)
        origin, span, keys = self._keys
        return np.searchsorted(keys, tag * span + np.clip(time - origin, 0, span - 1), side).astype(np.int64)

    @cached_property
    def _keys(self) -> tuple[np.int64, np.int64, Ints]:
        """One axis for all tags, so that one search finds the places of all: a tag's times follow its forerunner's."""
        origin = self.ts.min() - 1
        span = self.ts.max() - origin + 2
        return origin, span, self.tag * span + (self.ts - origin)

    @cached_property
    def first(self) -> Ints:
        """Per tag: the time of its first reading; the end of time where it has none."""
        return self._edge(self.offsets[:-1], np.iinfo(np.int64).max)

    @cached_property
    def last(self) -> Ints:
        """Per tag: the time of its last reading; the beginning of time where it has none."""
        return self._edge(self.offsets[1:] - 1, np.iinfo(np.int64).min)

    def _edge(self, index: Ints, otherwise: int) -> Ints:
        empty = np.diff(self.offsets) == 0
        if not len(self.ts):
            return np.full(self.tags, otherwise)
        return np.where(empty, otherwise, self.ts[np.clip(index, 0, len(self.ts) - 1)])


def instant(ts: int) -> str:
    """Microseconds since 1970 as people read them, ISO 8601 in UTC."""
    try:
        return datetime.fromtimestamp(ts / 1e6, UTC).isoformat().replace("+00:00", "Z")
    except (OverflowError, ValueError, OSError):
        return f"{ts} microseconds since 1970"


def _order(tag: Ints, ts: Ints, quality: Status, value: Floats) -> Ints:
    # What comes from sorted files is in runs, which a stable sort of one key merges; few readings share an instant.
    key = tag * (np.ptp(ts) + 1 if len(ts) else 1) + (ts - ts.min(initial=np.iinfo(np.int64).max))
    order = np.argsort(key, kind="stable")
    same = np.diff(key[order]) == 0
    tied = np.flatnonzero(np.append(same, False) | np.append(False, same))
    among = order[tied]
    rank = -severity(quality[among]).astype(np.int64)
    order[tied] = among[np.lexsort((-quality[among].astype(np.int64), value[among], rank, key[among]))]
    return order


def _refuse_nonfinite(names: Sequence[str], tag: Ints, ts: Ints, value: Floats, meant: Mask) -> None:
    wrong = np.flatnonzero(meant & ~np.isfinite(value))
    if len(wrong):
        at = wrong[0]
        what = f"{len(wrong):,} reading(s) of usable quality are no finite number, the first of {names[tag[at]]}"
        fix = "mend what wrote them, or ask with nonfinite='bad' to count them as Bad"
        raise UserError([Problem(f"{what} at {instant(int(ts[at]))}: {value[at]}", fix=fix)])


def nonfinite_as_bad(value: Floats, quality: Status) -> Status:
    """`quality`, Bad where the value is no finite number."""
    return np.where(np.isfinite(value) | is_bad(quality), quality, BAD)
