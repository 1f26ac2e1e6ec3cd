"""`just bench ingest`: marginal speed and CPU of the line and of its rivals, on the same topic in one run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench import report, rounds, sparkhome
from headrace.project.paths import Project

RESULTS = Path(__file__).parent / "results"


app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def main(
    messages: Annotated[int, typer.Option(help="Messages of the large topic.")] = 4_000_000,
    less: Annotated[int, typer.Option(help="Messages of the small one, whose time and CPU are taken off.")] = 1_000_000,
    repeat: Annotated[int, typer.Option("--rounds", help="How often each contender runs on both.")] = 3,
    only: Annotated[list[str] | None, typer.Option(help="These alone: " + ", ".join(rounds.CONTENDERS))] = None,
    results: Annotated[Path, typer.Option(help="Where ingest.json, .md and .svg go.")] = RESULTS,
) -> None:
    """Measure, print the table, keep it as JSON and Markdown, and draw it."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    names = only or list(rounds.CONTENDERS)
    if "spark" in names:
        console.print("making sure of PySpark (about 2 minutes, once)")
        sparkhome.make()
    with rounds.platform(Project.find(Path(__file__)), console.print) as project:
        runs = list(rounds.run(project, names, (less, messages), repeat, console.print))
    result = report.summed_up(runs)
    Console(highlight=False).print(report.table(result))
    results.mkdir(parents=True, exist_ok=True)
    report.keep(result, results)
    console.print(f"kept in {results}/ingest.json, .md and .svg")


if __name__ == "__main__":
    app()
