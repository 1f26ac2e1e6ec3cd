"""What a scorer is to the judge."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from bench.scoring.farm import Booleans, Doubles, Readings


class Scored(NamedTuple):
    """For each reading [rows, tags]: its score, NaN where there is none, and whether the scorer itself flags it.

    Scores of all tags are compared with one threshold; only their order counts.
    """

    scores: Doubles
    flags: Booleans


class Scorer(Protocol):
    """A method that learns from one year and scores another."""

    def fit(self, train: Readings) -> None:
        """Learn from a year without labels, which has real stops and sensor faults in it."""

    def score(self, readings: Readings) -> Scored:
        """Return scores and flags of a later year, as if the readings had come one instant after another."""
