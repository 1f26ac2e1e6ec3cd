"""Store the day, maintain it, load it into the rival, run the queries and report."""

from __future__ import annotations

import subprocess
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench import packages
from bench.query import day, report, rounds, stand
from headrace.project.paths import Project

RESULTS = Path(__file__).parents[1] / "results"
_LOCK = packages.HERE / "requirements-clickhouse.lock"
_FILL = "import sys; from bench.query import on_clickhouse; on_clickhouse.fill(*sys.argv[1:])"

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def main(
    rows: Annotated[int, typer.Option(help="Readings of the day, all tags together.")] = 20_000_000,
    tags: Annotated[int, typer.Option(help="Number of tags.")] = 2_000,
    repeat: Annotated[int, typer.Option("--rounds", help="Number of new processes per contender and question.")] = 3,
    results: Annotated[Path, typer.Option(help="Folder for query.json, .md and .svg.")] = RESULTS,
) -> None:
    """Measure the times of the answers, print the table, write it as JSON and Markdown, and draw it."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print("installing chdb if it is missing (about a minute, once)")
    packages.once("clickhouse", [_LOCK], lambda: packages.install("clickhouse", [_LOCK]))
    root = Project.find(Path(__file__)).root
    with tempfile.TemporaryDirectory(prefix="headrace-bench-") as place:
        console.print(f"storing {rows:,} readings of {tags:,} tags")
        stand.make(root, place, tags, rows // tags)
        console.print("maintaining them")
        began = time.monotonic()
        upkeep = stand.keep_up(place)
        maintain_s = time.monotonic() - began
        console.print(f"that took {maintain_s:,.0f} s; loading chdb")
        _call(["-c", _FILL, place, stand.naive_files(place)])
        stand.settle(Path(place))
        runs = list(rounds.run(place, day.names(tags), repeat, console.print))
    versions = {
        "chdb": _call(["-c", "import chdb; print(chdb.__version__)"]),
        "ClickHouse": _call(["-c", "import chdb; print(chdb.engine_version)"]),
    }
    result = report.summed_up(runs, upkeep, maintain_s, tags, versions)
    Console(highlight=False, width=200).print(report.table(result))
    results.mkdir(parents=True, exist_ok=True)
    report.keep(result, results)
    console.print(f"written to {results}/query.json, .md and .svg")


def _call(arguments: list[str]) -> str:
    """Return what Python with the rival's packages prints. Raises RuntimeError if it fails."""
    done = subprocess.run([rounds.interpreter("clickhouse"), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"chdb failed:\n{done.stderr[-4000:]}")
    return done.stdout.strip()


if __name__ == "__main__":
    app()
