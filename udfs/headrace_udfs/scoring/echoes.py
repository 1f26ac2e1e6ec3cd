"""Tell a faulty tag from its siblings: a wrong wind speed makes the power look wrong, too.

Each tag is also compared with its peers alone (or, without peers, with its own usual values). That comparison is blunt,
but no mate can spoil it. A tag has support if it is unusual there, too. A tag without support is an echo if one of its
mates has some: its score is then lowered below the budget's limit, and the mate keeps its own. Of tags that all have
support, or none, the one that has most is the likely cause: the scores of the others are lowered to the limit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headrace_udfs.arrays import Doubles, Positions

BELOW = 1.0
"""How far below the limit the score of an echo is at most."""

_USUAL = 0.98


@dataclass(frozen=True)
class Echoes:
    """mates: int64 [tags, most], those of each tag, -1 as filling. usual: float64 [3, tags]; above it is support."""

    mates: Positions
    usual: Doubles

    def support(self, peers: Doubles) -> Doubles:
        """Return how unusual each tag is against its peers, float64 [n, tags]; above 1 it has support.

        peers: float64 [3, n, tags], the sizes of the residual to the peers and of its means.
        """
        return np.asarray((peers / self.usual[:, None]).max(axis=0))

    def ceiling(self, support: Doubles, limit: float) -> Doubles:
        """Return the highest score that each tag can have, float64 [n, tags]; infinite for the likely cause."""
        padded = np.concatenate([support, np.zeros((len(support), 1))], axis=1)
        highest = np.zeros_like(support)
        for mate in self.mates.T:
            np.maximum(highest, padded[:, mate], out=highest)
        lesser = np.where(support < highest, limit, np.inf)
        return np.where((support < 1) & (highest > 1), limit - BELOW, lesser)


def learned(mates: Positions, peers: Doubles) -> Echoes:
    """Return the echoes of tags, from the sizes of their residuals to the peers in the training span, [3, n, tags]."""
    return Echoes(mates, np.maximum(np.quantile(peers, _USUAL, axis=1), 1e-6))
