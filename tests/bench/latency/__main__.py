"""Measure what people wait for: `just bench latency`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from bench import kept, rounds
from bench.latency import waits
from headrace.project.paths import Project

RESULTS = Path(__file__).parents[1] / "results"

app = typer.Typer(pretty_exceptions_enable=False)


class Wait(msgspec.Struct, frozen=True):
    """Seconds of one wait, and the machine's load when it began."""

    what: str
    seconds: float
    load: float


@app.command()
def main(
    interval: Annotated[list[int] | None, typer.Option(help="Only these commit intervals, in seconds.")] = None,
    results: Annotated[Path, typer.Option(help="Folder for latency.json and .md.")] = RESULTS,
) -> None:
    """Measure on a platform of its own, print the page, and write it as JSON and Markdown."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    found: list[Wait] = []
    with rounds.platform(Project.find(Path(__file__)), console.print) as project:
        for what, seconds in _measured(project, interval or list(waits.INTERVALS_S), console.print):
            console.print(f"{what}: {seconds:.1f} s")
            found.append(Wait(what, seconds, os.getloadavg()[0]))
            results.mkdir(parents=True, exist_ok=True)
            (results / "latency.json").write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n")
            (results / "latency.md").write_text(page(found), encoding="utf-8")
    Console(highlight=False, soft_wrap=True).print(page(found), markup=False)


def _measured(project: Project, intervals: list[int], progress: Callable[[str], None]) -> Iterator[tuple[str, float]]:
    first = True
    for interval in intervals:
        with waits.running(project, interval) as (place, submitted):
            of = "the first job of a cluster" if first else f"a job, commits each {interval} s"
            yield f"`headrace submit` until RUNNING, {of}", submitted
            median, most = waits.quantiles(waits.until_seen(place, interval))
            yield f"record to visible row, commits each {interval} s, median", median
            yield f"record to visible row, commits each {interval} s, 99 of 100", most
        if first:
            progress("killing the TaskManager")
            with waits.running(project, interval) as (place, again):
                yield f"`headrace submit` until RUNNING, a job, commits each {interval} s", again
                yield "`kill -9` of the TaskManager until a new record's row is visible", waits.recovery(place)
                one, further = waits.cases(place)
            yield "`headrace test` of a job with one case", one
            yield "each further case", further
        first = False


def page(found: list[Wait]) -> str:
    """Return the table as Markdown."""
    loads = [wait.load for wait in found]
    text = [
        "# Latency",
        "",
        f"{kept.now()}, {kept.machine()}; load average {min(loads):.0f} to {max(loads):.0f}.",
        "",
        "One job, `historian/readings_v1`, with 10 records/s. Commands run in processes of their own.",
        "",
        "| wait | seconds |",
        "| --- | --- |",
        *(f"| {wait.what} | {wait.seconds:.1f} |" for wait in found),
        "",
    ]
    return "\n".join(text)


if __name__ == "__main__":
    app()
