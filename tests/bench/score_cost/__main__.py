"""Measure what scoring costs in Python: `just bench score_cost`. It starts neither Kafka nor Flink."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from bench.score_cost import again, plant, report, stages
from headrace.project.paths import Project

RESULTS = Path(__file__).parents[1] / "results"

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def main(
    instants: Annotated[int, typer.Option(help="Instants that are scored again, of 2,000 readings each.")] = 500,
    repeat: Annotated[int, typer.Option("--rounds", help="How often they are scored again.")] = 3,
    results: Annotated[Path, typer.Option(help="Folder for score_cost.json and .md.")] = RESULTS,
) -> None:
    """Measure the CPU per million readings, print the page, and write it as JSON and Markdown."""
    model = plant.model()
    by_stage, scored = stages.run(model), []
    for _ in range(repeat):
        with tempfile.TemporaryDirectory(prefix="headrace-bench-") as home:
            scored.append(again.run(Project(Project.find(Path(__file__)).root, Path(home)), model, instants))
    text = report.page(by_stage, scored)
    Console(highlight=False, soft_wrap=True).print(text)
    (results / "score_cost.md").write_text(text, encoding="utf-8")
    made = msgspec.json.encode({"stages": by_stage, "again": scored})
    (results / "score_cost.json").write_bytes(msgspec.json.format(made, indent=1) + b"\n")


if __name__ == "__main__":
    app()
