"""Measure what each lever is worth, paired with a run as shipped: `just bench levers`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from bench import flink, kept, rounds, topic
from bench.levers.levers import BASE, LEVERS, PLATFORMS, SHARED
from bench.meter import Meter
from bench.stand import stand
from bench.stored import stored
from headrace.environment import settings
from headrace.project.paths import Project

RESULTS = Path(__file__).parents[1] / "results"
CONTENDERS = {"line": flink.line, "json": flink.json_format}

app = typer.Typer(pretty_exceptions_enable=False)


class Run(msgspec.Struct, frozen=True):
    """One run: CPU of Flink and its workers, bytes of data files, the machine's load; `fault` if rows are missing."""

    contender: str
    lever: str
    round: int
    cpu_s: float
    bytes: int
    load: float
    fault: str | None


@app.command()
def main(
    messages: Annotated[int, typer.Option(help="Messages of the topic.")] = 2_000_000,
    repeat: Annotated[int, typer.Option("--rounds", help="Runs of each lever.")] = 3,
    only: Annotated[list[str] | None, typer.Option(help="Only these levers.")] = None,
    contender: Annotated[list[str] | None, typer.Option(help="line and json, by default both.")] = None,
    results: Annotated[Path, typer.Option(help="Folder for levers.json and .md.")] = RESULTS,
) -> None:
    """Measure CPU and file sizes under each lever over those of the run as shipped before it, and keep the table."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    names = [name for name in only or [*LEVERS, *PLATFORMS] if name != BASE]
    chosen = contender or list(CONTENDERS)
    runs: list[Run] = []
    for run in _on_platforms(names, chosen, messages, repeat, console.print):
        console.print(
            f"{run.contender}, {run.lever}: {run.cpu_s:.1f} CPU-s, {run.bytes / 1e6:.1f} MB {run.fault or ''}"
        )
        runs.append(run)
        results.mkdir(parents=True, exist_ok=True)
        (results / "levers.json").write_bytes(msgspec.json.format(msgspec.json.encode(runs), indent=1) + b"\n")
        (results / "levers.md").write_text(page(runs, messages), encoding="utf-8")


def _on_platforms(
    names: Sequence[str], contenders: Sequence[str], messages: int, repeat: int, progress: Callable[[str], None]
) -> Iterator[Run]:
    """Yield the runs of the levers on one platform, and of each lever of the TaskManager on one of its own."""
    root = Project.find(Path(__file__))
    with rounds.platform(root, progress) as project:
        topic.fill(settings.load(project, "local").kafka_client(), "levers", messages)
        yield from _runs(project, [name for name in names if name in LEVERS], contenders, messages, repeat)
        own = [name for name in names if name in PLATFORMS]
        before = [*_alone(project, BASE, contenders, messages, repeat)] if own else []
    for name in own:
        with rounds.platform(root, progress, PLATFORMS[name]) as project:
            topic.fill(settings.load(project, "local").kafka_client(), "levers", messages)
            after = [*_alone(project, name, contenders, messages, repeat)]
        for pair in zip(before, after, strict=True):
            yield from pair


def _alone(project: Project, name: str, contenders: Sequence[str], messages: int, repeat: int) -> Iterator[Run]:
    """Yield the runs of a whole platform, which has this lever. Round 0 warms up."""
    for number in range(repeat + 1):
        for contender in contenders:
            run = _run(project, contender, BASE, messages, number)
            if number:
                yield msgspec.structs.replace(run, lever=name)


def _runs(
    project: Project, names: Sequence[str], contenders: Sequence[str], messages: int, repeat: int
) -> Iterator[Run]:
    """Yield, for each contender and lever, a run as shipped and then one with the lever. Round 0 warms up."""
    for number in range(repeat + 1):
        for lever in names if number else [BASE]:
            for contender in contenders:
                if contender == "json" and lever not in {*SHARED, BASE}:
                    continue
                for each in (BASE, lever):
                    run = _run(project, contender, each, messages, number)
                    if number:
                        yield run


def _run(project: Project, contender: str, lever: str, messages: int, number: int) -> Run:
    folder = project.home / f"{contender}-{number}-{lever.replace(' ', '-')}"
    load = os.getloadavg()[0]
    with stand(project, folder, "levers", messages) as place, LEVERS[lever](place):
        with Meter() as meter:
            CONTENDERS[contender](place, meter)
        result = stored(place)
    expected = messages - topic.corrupt(messages)
    fault = None if result.good == expected else f"VOID: {result.good:,} rows"
    return Run(contender, lever, number, meter.cpu_s, result.bytes, load, fault)


def page(runs: Sequence[Run], messages: int) -> str:
    """Return the table as Markdown."""
    pairs = list(zip(runs[::2], runs[1::2], strict=False))
    rows = [["lever", "line: CPU", "line: files", "JSON format: CPU", "JSON format: files", "pairs"], ["---"] * 6]
    for lever in dict.fromkeys(run.lever for _, run in pairs):
        row = [lever]
        for contender in CONTENDERS:
            own = [
                (a, b) for a, b in pairs if (b.contender, b.lever) == (contender, lever) and not (a.fault or b.fault)
            ]
            row += [_change([b.cpu_s / a.cpu_s for a, b in own]), _change([b.bytes / a.bytes for a, b in own])]
        rows.append([*row, str(sum(run.lever == lever for _, run in pairs))])
    loads = [run.load for run in runs]
    base = [run.cpu_s for run in runs if (run.contender, run.lever) == ("line", BASE)]
    text = [
        "# Levers",
        "",
        f"{kept.now()}, {kept.machine()}; load average {min(loads):.0f} to {max(loads):.0f} at the start of a run.",
        f"{messages:,} messages in {topic.PARTITIONS} partitions. A figure is the median of pairs: as shipped, and",
        "with the lever; CPU of a whole run with its start. A change within the spread of the pairs is none.",
        f"The line as shipped: {median(base):.1f} CPU-seconds ({min(base):.1f} to {max(base):.1f})." if base else "",
        "",
        *("| " + " | ".join(row) + " |" for row in rows),
        "",
    ]
    return "\n".join(text)


def _change(ratios: Sequence[float]) -> str:
    if not ratios:
        return "-"
    spread = f" ({min(ratios) - 1:+.0%} to {max(ratios) - 1:+.0%})" if len(ratios) > 1 else ""
    return f"{median(ratios) - 1:+.0%}{spread}"


if __name__ == "__main__":
    app()
