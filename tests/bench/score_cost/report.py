"""The page of results."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from bench import kept
from bench.score_cost import plant
from bench.score_cost.again import Again
from bench.score_cost.runs import Run
from bench.score_cost.sizes import Sizes
from bench.score_cost.stages import Stages

_MOST, _MOST_AGAIN = 4.6, 1.2
_TAGS = len(plant.SIGNALS)
_LARGE = 10_000
_OF_A_JOB = 1_000
"""Assets of one model. The whole model is in the job that Flink is given, and in each worker."""


def page(assets: int, runs: Sequence[Run], stages: Sequence[Stages], again: Sequence[Again], sizes: Sizes) -> str:
    """Return the page as Markdown."""
    beyond = [each.whole_s - each.read_s for each in again]
    decode, score = (marginal(runs, name) for name in ("decode", "score"))
    scoring = [whole - part for whole, part in zip(score, decode, strict=True)]
    lines = [
        "# What scoring costs",
        "",
        f"{kept.now()}, {kept.machine()}. CPU-seconds per million readings.",
        f"The plant has {assets:,} assets with {_TAGS} tags each, and a reading per tag and second.",
        "Its model is of kind `regime`: a tag has nine mates and three peers.",
        "",
        "A job of kind `score` with its sinks, beyond a job that decodes the same columns and stores nothing: "
        f"**{median(scoring):.2f}** ({_listed(scoring)}; the aim is {_MOST}).",
        f"The job that decodes costs {median(decode):.2f}. Each is what a large topic costs more than a small one.",
        "",
        "Scoring stored readings again (`headrace model rescore` before it writes), beyond reading them: "
        f"**{median(beyond):.2f}** ({_listed(beyond)}; the aim is {_MOST_AGAIN}).",
        f"Reading them costs {median(each.read_s for each in again):.2f} more.",
        "",
        "A score job in Python, without what Flink and the sink cost, by the number of instants that are scored at a",
        f"time, for a bucket of {stages[0].tags} tags:",
        "",
        *_rows(stages),
        "",
        *_plan(median(decode), median(scoring), sizes),
        "",
    ]
    return "\n".join(lines)


def _rows(stages: Sequence[Stages]) -> list[str]:
    head = ["", *(f"{each.instants} instants" for each in stages)]
    body = [[stage, *(f"{each.costs[stage]:.2f}" for each in stages)] for stage in stages[0].costs]
    total = ["**sum**", *(f"**{sum(each.costs.values()):.2f}**" for each in stages)]
    return ["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *body, total)]


def _plan(decode: float, scoring: float, sizes: Sizes) -> list[str]:
    """Return what a large plant would take, computed from what was measured."""
    tags, jobs = _LARGE * _TAGS, _LARGE // _OF_A_JOB
    head = ["a reading per tag each", "readings per second", "cores to score", "cores to decode, once per job"]
    body = []
    for seconds, name in ((1, "second"), (10, "10 seconds"), (60, "minute"), (600, "10 minutes")):
        millions = tags / seconds / 1e6
        cores = [f"{millions * scoring:.2f}", f"{millions * decode * jobs:.2f}"]
        body.append([name, f"{tags / seconds:,.0f}", *cores])
    rows = ["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *body)]
    return [
        f"The state of a stream takes {sizes.state / 1000:.2f} kB per tag, and {sizes.held:.0f} bytes per reading that "
        "waits for the watermark.",
        f"A model takes {sizes.artefact / 1000:.1f} kB per tag as a file, {sizes.card / 1000:.1f} kB in its card, and "
        f"{sizes.function / 1000:.1f} kB in the job and in each worker.",
        "",
        f"Planned from this, not run: {_LARGE:,} assets with {_TAGS} tags each, in {jobs} jobs of {_OF_A_JOB:,}",
        f"assets, each with a model of {sizes.function * _OF_A_JOB * _TAGS / 1e6:.0f} MB",
        f"and {sizes.state * _OF_A_JOB * _TAGS / 1e6:.1f} MB of state. Each job decodes the whole topic.",
        "",
        *rows,
    ]


def marginal(runs: Sequence[Run], name: str) -> list[float]:
    """Return the CPU-seconds per million readings of a contender in each round but the first, which warms up."""
    costs = []
    for number in sorted({run.round for run in runs} - {0}):
        of_round = (run for run in runs if (run.contender, run.round) == (name, number))
        small, large = sorted(of_round, key=lambda run: run.readings)
        costs.append((large.cpu_s - small.cpu_s) / (large.readings - small.readings) * 1e6)
    return costs


def _listed(costs: Sequence[float]) -> str:
    return ", ".join(f"{cost:.2f}" for cost in costs)
