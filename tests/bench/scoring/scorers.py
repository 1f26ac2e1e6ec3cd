"""The scorers by name. A scorer is imported when it is made: rivals need packages that the line does not have."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

from bench.scoring.protocol import Scorer


@dataclass(frozen=True)
class Entry:
    """A scorer: its title, its module of this package and class, whether it needs a rival's packages, and a remark."""

    title: str
    module: str
    kind: str
    rival: bool = False
    note: str = ""

    def make(self) -> Scorer:
        """Return a new scorer."""
        scorer: Scorer = getattr(import_module(f"bench.scoring.{self.module}"), self.kind)()
        return scorer


SCORERS = {
    "always": Entry("Always", "controls", "Always"),
    "never": Entry("Never", "controls", "Never"),
    "random": Entry("Random", "controls", "Random"),
    "baseline": Entry("baseline: median and MAD, limit 3.5", "baselines", "Baseline"),
    "baseline_budget": Entry("baseline, limits by budget", "baselines", "ByBudget"),
    "seasonal": Entry("median and MAD per month and 3 hours", "baselines", "Seasonal"),
    "isolation": Entry("IsolationForest per asset", "forests", "Isolation", rival=True),
    "ecod": Entry("PyOD ECOD per asset", "forests", "Tails", rival=True),
    "stumpy": Entry("STUMPY matrix profile", "streams", "Profile", rival=True),
    "river": Entry("River half-space trees", "streams", "HalfSpace", rival=True),
    "onnx": Entry("onnx, a network per signal", "network", "Network"),
    "regime_alone": Entry("regime, no siblings", "regime", "Alone"),
    "regime": Entry("regime", "regime", "Regime"),
}
