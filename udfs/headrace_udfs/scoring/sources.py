"""The inputs of all tags, as columns: the tags themselves, the middle of each tag's peers, and the hour of the day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from headrace_udfs.angles import angle_difference
from headrace_udfs.arrays import Doubles, Positions
from headrace_udfs.scoring.tags import Tag

_DAY_US = 86_400_000_000


@dataclass(frozen=True)
class Sources:
    """Where the columns come from.

    The columns are: each of the `tags` tags; for each row of `peers` [groups, most], int64 with -1 as filling, the
    middle of those tags, their median, on the circle where `angular` [groups] is true; the hour of the day.
    """

    tags: int
    peers: Positions
    angular: npt.NDArray[np.bool_]

    @property
    def count(self) -> int:
        """The number of columns."""
        return self.tags + len(self.peers) + 1

    @property
    def hour(self) -> int:
        """The column of the hour, which is never missing."""
        return self.tags + len(self.peers)

    def columns(self, times: Positions, values: Doubles) -> Doubles:
        """Return float64 [n, count]. times: int64 [n], microseconds since the epoch. values: float64 [n, tags]."""
        hour = (times % _DAY_US) / 3.6e9
        padded = np.concatenate([values, np.full((len(values), 1), np.nan)], axis=1)
        middle = np.empty((len(values), len(self.peers)))
        for angular, of in ((self.angular, _circular_median), (~self.angular, _median)):
            if angular.any():
                middle[:, angular] = of(np.ascontiguousarray(padded[:, self.peers[angular]].transpose(2, 0, 1)))
        return np.concatenate([values, middle, hour[:, None]], axis=1)


def of_tags(tags: Sequence[Tag]) -> tuple[Sources, Positions]:
    """Return the sources of the tags, and for each tag the column of its peers, -1 if it has none."""
    place = {tag.name: at for at, tag in enumerate(tags)}
    with_peers = [at for at, tag in enumerate(tags) if tag.peers]
    most = max((len(tags[at].peers) for at in with_peers), default=0)
    peers = np.full((len(with_peers), most), -1, np.int64)
    column = np.full(len(tags), -1, np.int64)
    for row, at in enumerate(with_peers):
        peers[row, : len(tags[at].peers)] = [place[name] for name in tags[at].peers]
        column[at] = len(tags) + row
    return Sources(len(tags), peers, np.array([tags[at].angle for at in with_peers], bool)), column


def _median(group: Doubles) -> Doubles:
    """Return the medians [n, groups] of `group` [most, n, groups], ignoring NaN; NaN where all are."""
    ordered = np.sort(group, axis=0)
    count = np.isfinite(ordered).sum(axis=0)
    low, high = np.maximum(count - 1, 0) // 2, count // 2
    high = np.minimum(high, len(group) - 1)
    low, high = np.minimum(low, high)[None], high[None]
    return np.asarray(np.take_along_axis(ordered, low, 0)[0] / 2 + np.take_along_axis(ordered, high, 0)[0] / 2)


def _circular_mean(group: Doubles) -> Doubles:
    """Return the circular means [n, groups], in degrees, of `group` [most, n, groups], ignoring NaN."""
    there = np.isfinite(group)
    radians = np.radians(np.where(there, group, 0.0))
    sine, cosine = (_sum(np.where(there, part, 0.0)) for part in (np.sin(radians), np.cos(radians)))
    return np.where(there.any(axis=0), np.degrees(np.arctan2(sine, cosine)), np.nan)


def _circular_median(group: Doubles) -> Doubles:
    """Return the circular medians [n, groups], in degrees, of `group` [most, n, groups], ignoring NaN.

    It is the mean direction and the median of the turns from there (Fisher, Statistical Analysis of Circular Data,
    1993, 2.3.2). One direction of several that is wrong moves the mean by as much as 30 degrees, but not the median.
    """
    mean = _circular_mean(group)
    return np.asarray(mean + _median(angle_difference(group, mean)))


def _sum(group: Doubles) -> Doubles:
    """Return the sums [n, groups] over the first axis, one after the other.

    NumPy's sum adds in another order if the other axes have length 1, and its last bits then differ.
    """
    total = np.zeros(group.shape[1:])
    for one in group:
        total += one
    return total
