"""The page of results."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from bench import kept
from bench.score_cost.again import Again
from bench.score_cost.runs import Run
from bench.score_cost.stages import Stages

_MOST, _MOST_AGAIN = 4.6, 1.2


def page(runs: Sequence[Run], stages: Sequence[Stages], again: Sequence[Again]) -> str:
    """Return the page as Markdown."""
    beyond = [each.whole_s - each.read_s for each in again]
    decode, score = (marginal(runs, name) for name in ("decode", "score"))
    scoring = [whole - part for whole, part in zip(score, decode, strict=True)]
    lines = [
        "# What scoring costs",
        "",
        f"{kept.now()}, {kept.machine()}. CPU-seconds per million readings.",
        "The plant has 200 assets with 10 tags each, and a reading per tag and second. Its model is of kind `regime`:",
        "a tag has nine mates and three peers.",
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
    ]
    return "\n".join(lines)


def _rows(stages: Sequence[Stages]) -> list[str]:
    head = ["", *(f"{each.instants} instants" for each in stages)]
    body = [[stage, *(f"{each.costs[stage]:.2f}" for each in stages)] for stage in stages[0].costs]
    total = ["**sum**", *(f"**{sum(each.costs.values()):.2f}**" for each in stages)]
    return ["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *body, total)]


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
