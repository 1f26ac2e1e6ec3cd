"""Measure how the line scales, and plan a trillion readings a day from it: `just bench scaling`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from bench import kept
from bench.scaling import plan, runs
from bench.scaling.cases import CASES
from bench.scaling.plan import Measured
from bench.scaling.runs import Run
from headrace.project.paths import Project

RESULTS = Path(__file__).parents[1] / "results"
_ONE_PARTITION = "1 partition"

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def main(
    share: Annotated[float, typer.Option(help="Share of each case's readings, for a quick look.")] = 1.0,
    only: Annotated[list[int] | None, typer.Option(help="Only the cases with these numbers, from 0.")] = None,
    results: Annotated[Path, typer.Option(help="Folder for scaling.json and .md.")] = RESULTS,
) -> None:
    """Run each case on a small and a large topic, and keep the table and the plan."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    chosen = [msgspec.structs.replace(case, readings=int(case.readings * share)) for case in CASES]
    found: list[Run] = []
    with runs.platform(Project.find(Path(__file__)), console.print) as project:
        runs.warm_up(project)
        for number, case in enumerate(chosen):
            if only is None or number in only:
                found += runs.pair(project, case, number)
                console.print(f"{case.name}: {found[-1].seconds:.1f} s, {found[-1].cpu_s:.1f} CPU-s")
                _keep(found, results)
    Console(highlight=False, soft_wrap=True).print(page(found), markup=False)


def _keep(found: Sequence[Run], results: Path) -> None:
    results.mkdir(parents=True, exist_ok=True)
    (results / "scaling.json").write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n")
    (results / "scaling.md").write_text(page(found), encoding="utf-8")


def measured(found: Sequence[Run]) -> list[Measured]:
    """Return the figures of each case: of its large run less its small one; of one run alone, those of the whole."""
    by_name: dict[str, list[Run]] = {}
    for run in found:
        by_name.setdefault(run.case.name, []).append(run)
    return [_measured(own) for own in by_name.values() if not any(run.fault for run in own)]


def _measured(own: Sequence[Run]) -> Measured:
    large, case = own[-1], own[-1].case
    rows, seconds, cpu = large.readings, large.seconds, large.cpu_s
    if len(own) > 1:
        rows, seconds, cpu = rows - own[0].readings, seconds - own[0].seconds, cpu - own[0].cpu_s
    slots = case.slots * case.jobs
    size, rss = large.bytes / large.readings, large.peak_rss / slots
    return Measured(case.name, rows / seconds, cpu / rows * 1e6, size, rss, slots, case.partitions * case.jobs)


def page(found: Sequence[Run]) -> str:
    """Return the table and the plan as Markdown."""
    figures = measured(found)
    rows = [["case", "k readings/s", "CPU-s per M", "bytes a reading", "resident, MiB a slot"]]
    rows += [
        [m.name, f"{m.rows_s / 1e3:,.0f}", f"{m.cpu_s_per_million:.1f}", f"{m.bytes_a_reading:.0f}", _mib(m.rss_a_slot)]
        for m in figures
    ]
    loads = [run.load for run in found]
    text = [
        "# Scaling",
        "",
        f"{kept.now()}, {kept.machine()}; load average {min(loads):.0f} to {max(loads):.0f} at the start of a run.",
        "",
        "A case changes what its name says; the rest is as in the first. Speed and CPU are marginal: those of a large",
        "topic less those of one a fifth as large; of ten jobs at once, those of the whole run. The broker runs on the",
        "same cores and is not counted. Resident memory is the peak of the JobManager, the TaskManager and the",
        "workers, divided by the slots.",
        "",
        *_lines(rows),
        *(f"Without figures: {run.case.name}, {run.fault}." for run in found if run.fault),
        "",
    ]
    return "\n".join([*text, *_planned(figures)])


def _planned(figures: Sequence[Measured]) -> list[str]:
    partition = next((m.rows_s for m in figures if m.name == _ONE_PARTITION), None)
    if partition is None:
        return []
    ordinary = [m for m in figures if m.slots <= 2 and m.name != _ONE_PARTITION]
    return [
        "## A trillion readings a day",
        "",
        f"That is {plan.READINGS / plan.DAY_S / 1e6:.1f} million readings/s. Cores, slots and partitions are busy for",
        f"{plan.HEADROOM:.0%} of the time on average. A job has {plan.JOB_SLOTS} slots at most and commits every",
        f"{plan.COMMIT_S} s; a partition carries what the case with one partition did, and each slot has one at least.",
        "",
        *_lines(plan.table(ordinary, partition)),
        "",
    ]


def _lines(rows: Sequence[Sequence[str]]) -> list[str]:
    heading, *others = rows
    return ["| " + " | ".join(row) + " |" for row in (heading, ["---"] * len(heading), *others)]


def _mib(size: float) -> str:
    return f"{size / 2**20:,.0f}"


if __name__ == "__main__":
    app()
