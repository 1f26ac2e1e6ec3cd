"""Judge one scorer in a process of its own, and print its figures as JSON."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from bench.scoring import farm, faults, physics
from bench.scoring.judge import Case, Figures, judge
from bench.scoring.scorers import SCORERS
from headrace.project.paths import Project


def figures(name: str, seeds: list[int]) -> Figures:
    """Return the figures of a scorer on the farm's second year, with the faults of these seeds."""
    project = Project.find(Path(__file__))
    train, clean = farm.load(project, 2014), farm.load(project, 2015)
    real = physics.real_faults(clean)
    cases = [Case(*faults.injected(clean, real, seed)) for seed in seeds]
    return judge(SCORERS[name].make(), train, clean, real, cases, name=name)


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(figures(sys.argv[1], [int(each) for each in sys.argv[2:]])))
