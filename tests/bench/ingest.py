"""Measure the marginal speed and CPU of the line and its rivals on the same topic in one run: `just bench ingest`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench import report, rounds, sparkhome
from bench.connect import home
from headrace.project.paths import Project

RESULTS = Path(__file__).parent / "results"


app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def main(
    messages: Annotated[int, typer.Option(help="Messages of the large topic.")] = 4_000_000,
    less: Annotated[int, typer.Option(help="Messages of the small topic.")] = 1_000_000,
    repeat: Annotated[int, typer.Option("--rounds", help="Number of runs of each contender on both topics.")] = 3,
    only: Annotated[list[str] | None, typer.Option(help="Only these: " + ", ".join(rounds.CONTENDERS))] = None,
    results: Annotated[Path, typer.Option(help="Folder for ingest.json, .md and .svg.")] = RESULTS,
) -> None:
    """Measure the marginal speed and CPU, print the table, write it as JSON and Markdown, and draw it."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    names = only or list(rounds.CONTENDERS)
    if "spark" in names:
        console.print("installing PySpark if it is missing (about 2 minutes, once)")
        sparkhome.make()
    if "connect" in names:
        console.print("downloading Kafka Connect if it is missing (about a minute, once)")
        home.make()
    with rounds.platform(Project.find(Path(__file__)), console.print) as project:
        runs = list(rounds.run(project, names, (less, messages), repeat, console.print))
    result = report.summed_up(runs)
    Console(highlight=False).print(report.table(result))
    results.mkdir(parents=True, exist_ok=True)
    report.keep(result, results)
    console.print(f"written to {results}/ingest.json, .md and .svg")


if __name__ == "__main__":
    app()
