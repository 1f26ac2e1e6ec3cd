"""Judge the scorers one after the other, each in a process of its own, and report: `just bench scoring`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from bench import packages
from bench.scoring import report
from bench.scoring.judge import Figures
from bench.scoring.labelled import Labelled
from bench.scoring.scorers import SCORERS

RESULTS = Path(__file__).parents[1] / "results"
SEEDS = (11, 12, 13)
"""Seeds for the report; no choice was tuned on them."""

LABELLED = "labelled"

_LOCK = packages.HERE / "requirements-scoring.lock"
_VERSIONS = "import importlib.metadata as m, json; print(json.dumps({n: m.version(n) for n in %r}))"
_PACKAGES = ("scikit-learn", "pyod", "river", "stumpy", "aeon", "pvanalytics")
_LIMIT_S = 3600

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def main(
    only: Annotated[list[str] | None, typer.Option(help="Only these: " + ", ".join([*SCORERS, LABELLED]))] = None,
    seeds: Annotated[list[int] | None, typer.Option(help="Seeds of the faults, a copy of the year for each.")] = None,
    results: Annotated[Path, typer.Option(help="Folder for scoring.json, .md and .svg.")] = RESULTS,
) -> None:
    """Judge the scorers, print the tables, write them as JSON and Markdown, and draw a chart.

    With --only, the figures of the others come from the last run, if it had the same seeds. labelled: the sets that
    others have labelled.
    """
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    wanted, chosen = only or [*SCORERS, LABELLED], seeds or list(SEEDS)
    names = [name for name in wanted if name != LABELLED]
    versions = {}
    if LABELLED in wanted or any(SCORERS[name].rival for name in names):
        console.print("installing the rivals' packages if they are missing (about 2 minutes, once)")
        packages.once("scoring", [_LOCK], lambda: packages.install("scoring", [_LOCK]))
        versions = msgspec.json.decode(_call("scoring", ["-c", _VERSIONS % (_PACKAGES,)]), type=dict[str, str])
    figures = []
    for name in names:
        console.print(f"judging {name}")
        arguments = ["-m", "bench.scoring.worker", name, *map(str, chosen)]
        figures.append(msgspec.json.decode(_call("scoring" if SCORERS[name].rival else None, arguments), type=Figures))
    last = report.last(results, chosen)
    kept = [each for each in last.figures if each.scorer in SCORERS and each.scorer not in names] if last else []
    sets = last.labelled if last else []
    if LABELLED in wanted:
        console.print("judging labelled sets")
        sets = msgspec.json.decode(_call("scoring", ["-m", "bench.scoring.labelled"]), type=list[Labelled])
    versions = versions or (last.versions if last else {})
    result = report.summed_up([*figures, *kept], chosen, versions, sets)
    for grid in report.tables(result):
        Console(highlight=False, width=220).print(grid)
    results.mkdir(parents=True, exist_ok=True)
    report.keep(result, results)
    console.print(f"written to {results}/scoring.json, .md and .svg")


def _call(environment: str | None, arguments: list[str]) -> bytes:
    """Return what Python prints, with a rival's packages or the line's alone. Raises RuntimeError if it fails."""
    python = str(packages.python(environment)) if environment else sys.executable
    one_thread = os.environ | {"OPENBLAS_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}  # or waiting counts as CPU
    done = subprocess.run([python, *arguments], env=one_thread, capture_output=True, timeout=_LIMIT_S, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments[:3])} failed:\n{done.stderr.decode()[-4000:]}")
    return done.stdout


if __name__ == "__main__":
    app()
