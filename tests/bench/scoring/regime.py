"""The product's model of regimes, with the inputs that an engineer declares for a wind turbine."""

from __future__ import annotations

import numpy as np

from bench.scoring.farm import Integers, Readings, Tag
from bench.scoring.protocol import Scored
from headrace_udfs.scoring import fit
from headrace_udfs.scoring import tags as declared

PEERS = ("nacelle_direction", "outdoor_temperature", "pitch_angle", "vane_angle", "wind_direction", "wind_speed")
"""Signals that the other turbines explain. Not the power: a loss that all turbines have would explain itself away."""


class Regime:
    """Tags are compared with those of their turbine, and with the same signal of the others where that helps."""

    def fit(self, train: Readings) -> None:
        """Learn the model."""
        self.model = fit.fit([self.declare(tag, train) for tag in train.tags], micros(train.times), train.values)

    def declare(self, tag: Tag, readings: Readings) -> declared.Tag:
        """Return the tag with its inputs."""
        mates = tuple(other.name for other in readings.tags if other.asset == tag.asset and other != tag)
        peers = tuple(other.name for other in readings.tags if other.signal == tag.signal and other != tag)
        return declared.Tag(tag.name, tag.angle, mates, peers, tag.signal in PEERS)

    def score(self, readings: Readings) -> Scored:
        """Return the model's scores and flags."""
        _, scored = self.model.score(self.model.fresh(), micros(readings.times), readings.values)
        return Scored(scored.score, scored.anomaly)


class Alone(Regime):
    """The same without any sibling: what a step that sees one tag at a time could do."""

    def declare(self, tag: Tag, readings: Readings) -> declared.Tag:  # noqa: ARG002
        """Return the tag without inputs."""
        return declared.Tag(tag.name, tag.angle)


def micros(times: Integers) -> Integers:
    """Return seconds as microseconds."""
    return np.asarray(times * 1_000_000)
