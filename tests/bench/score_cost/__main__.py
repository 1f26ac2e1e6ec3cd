"""Measure what scoring costs: `just bench score_cost`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from bench import rounds
from bench.score_cost import again, plant, report, runs, sizes, stages
from headrace.project.paths import Project

RESULTS = Path(__file__).parents[1] / "results"

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def main(
    instants: Annotated[int, typer.Option(help="Instants of the large topic, each of a reading per tag.")] = 1500,
    less: Annotated[int, typer.Option(help="Instants of the small topic, and of those that are scored again.")] = 500,
    repeat: Annotated[int, typer.Option("--rounds", help="Number of runs of each contender.")] = 4,
    assets: Annotated[int, typer.Option(help="Assets of the plant, of ten tags each; a multiple of four.")] = 200,
    results: Annotated[Path, typer.Option(help="Folder for score_cost.json and .md.")] = RESULTS,
) -> None:
    """Measure the CPU per million readings, print the page, and write it as JSON and Markdown."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    project, model = Project.find(Path(__file__)), plant.model(assets // plant.ASSETS)
    with rounds.platform(project, console.print) as platform:
        done = list(runs.run(platform, model, (less, instants), repeat, console.print))
    by_stage, bytes_, scored = stages.run(model), sizes.run(model), list[again.Again]()
    for _ in range(repeat):
        with tempfile.TemporaryDirectory(prefix="headrace-bench-") as home:
            scored.append(again.run(Project(project.root, Path(home)), model, less))
    text = report.page(assets, done, by_stage, scored, bytes_)
    Console(highlight=False, soft_wrap=True).print(text)
    (results / "score_cost.md").write_text(text, encoding="utf-8")
    made = msgspec.json.encode({"jobs": done, "stages": by_stage, "again": scored, "bytes": bytes_})
    (results / "score_cost.json").write_bytes(msgspec.json.format(made, indent=1) + b"\n")


if __name__ == "__main__":
    app()
