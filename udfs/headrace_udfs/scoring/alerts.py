"""No flood of alerts: a group of tags with more events than the model's budget explains is out of the model's regime.

It is decided by the times of readings, so that the same readings give the same alerts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from headrace_udfs.scoring.buckets import components
from headrace_udfs.scoring.model import Model

OUT_OF_REGIME: Literal["out_of_regime"] = "out_of_regime"
"""What suppresses the alerts of a group of tags that has more events than its model's budget explains."""

WINDOW_US = 7 * 86_400_000_000
MULTIPLE = 10
"""How many times the events that a budget expects of a group in WINDOW_US are alerted."""
LEAST = 10
"""A group with few tags may have this many events in WINDOW_US; chance alone reaches a multiple of next to nothing."""

_MONTHS = 7 / 30.4375


def most(budget: float, tags: int) -> int:
    """Return how many events of a group of tags in WINDOW_US are alerted.

    budget: false events per tag and month of 30.4375 days. tags: those that have scores.
    """
    return max(LEAST, math.ceil(MULTIPLE * budget * tags * _MONTHS))


@dataclass(frozen=True)
class Recent:
    """The latest events of a group, as far as its limit needs them: their starts, ascending, in microseconds since the
    epoch, and whether the last of them was out of the model's regime."""

    starts: tuple[int, ...] = ()
    out: bool = False


def counted(recent: Recent, start: int, limit: int) -> Recent:
    """Return the latest events of a group with one more. start: not before those of `recent`.

    A group is out of its regime from the first event that is more than `limit` in WINDOW_US, to the first one at which
    they are at most half as many.
    """
    starts = tuple(each for each in (*recent.starts, start) if each > start - WINDOW_US)[-limit - 1 :]
    return Recent(starts, len(starts) > (limit // 2 if recent.out else limit))


Groups = Mapping[str, Recent]
"""The latest events of each group of tags, by the group's name."""


@dataclass(frozen=True)
class Limits:
    """The groups of tags that are compared with each other. of: the group of each tag, by name; each: its limit."""

    of: Mapping[str, str]
    each: Mapping[str, int]

    def counted(self, groups: Groups, tag: str, at: int) -> tuple[Groups, bool, bool]:
        """Add an event of `tag` at time `at`.

        Return the latest events of each group, whether the model is out of its regime, and whether this event is the
        first at which it is.
        """
        group = self.of[tag]
        before = groups.get(group, Recent())
        after = counted(before, at, self.each[group])
        return {**groups, group: after}, after.out, after.out and not before.out


def limits(model: Model) -> Limits:
    """Return the limits of a model, which are the same for each part of it. A group has the name of its first tag."""
    names = [[model.tags[at].name for at in together] for together in components(model.tags)]
    scored = {group[0]: sum(name not in model.refused for name in group) for group in names}
    return Limits(
        {name: group[0] for group in names for name in group},
        {group: most(model.budget, count) for group, count in scored.items()},
    )
