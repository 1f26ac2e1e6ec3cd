"""The page of results."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from bench import kept
from bench.score_cost.again import Again
from bench.score_cost.stages import Stages

_MOST_AGAIN = 1.2


def page(stages: Sequence[Stages], again: Sequence[Again]) -> str:
    """Return the page as Markdown."""
    beyond = [each.whole_s - each.read_s for each in again]
    rounds = ", ".join(f"{each:.2f}" for each in beyond)
    lines = [
        "# What scoring costs",
        "",
        f"{kept.now()}, {kept.machine()}. CPU-seconds per million readings.",
        "The plant has 200 assets with 10 tags each, and a reading per tag and second. Its model is of kind `regime`:",
        "a tag has nine mates and three peers.",
        "",
        "Scoring stored readings again (`headrace model rescore` before it writes), beyond reading them: "
        f"**{median(beyond):.2f}** ({rounds}; the aim is {_MOST_AGAIN}).",
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
