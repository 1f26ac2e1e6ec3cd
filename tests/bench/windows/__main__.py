"""Measure jobs with event time in this checkout and in an earlier one, in turn: `just bench windows --earlier FOLDER`.

The other checkout has been set up by its own `./run`; its code runs under this bench.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from bench import kept
from bench.windows.runs import Order, Run

HERE = Path(__file__).parents[3]
RESULTS = Path(__file__).parents[1] / "results"
JOBS = {
    "a minute's window in SQL": ("historian/rollup_1m_v1", "historian.rollup_1m", {}, 1.0),
    "a module with timers": ("condition/stuck_v1", "condition.sensor_faults", {"tags": "%"}, 0.1),
}
"""Each job, its table, its parameters here, and the share of the messages that it reads."""

app = typer.Typer(pretty_exceptions_enable=False)
Ordered = Callable[[Order], Run]


class Pair(msgspec.Struct, frozen=True):
    """The runs of a checkout over the small and the large topic in one round. `checkout`: its commit."""

    job: str
    checkout: str
    round: int
    messages: tuple[int, int]
    runs: tuple[Run, Run]

    @property
    def rows_s(self) -> float:
        """Messages per second, of the large topic less the small one."""
        return (self.messages[1] - self.messages[0]) / (self.runs[1].seconds - self.runs[0].seconds)

    @property
    def cpu(self) -> float:
        """CPU-seconds per million messages, likewise."""
        return (self.runs[1].cpu_s - self.runs[0].cpu_s) / (self.messages[1] - self.messages[0]) * 1e6


@app.command()
def main(
    earlier: Annotated[Path, typer.Option(help="The earlier checkout, set up by its own ./run.")],
    messages: Annotated[
        int, typer.Option(help="Messages in the large topic, three times those in the small one.")
    ] = 3_000_000,
    repeat: Annotated[int, typer.Option("--rounds", help="Number of runs of each.")] = 3,
    only: Annotated[list[str] | None, typer.Option(help="Only these jobs: " + ", ".join(JOBS))] = None,
    results: Annotated[Path, typer.Option(help="Folder for windows.json and .md.")] = RESULTS,
) -> None:
    """Measure the marginal speed and CPU, and keep the table."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    pairs: list[Pair] = []
    for pair in _pairs((earlier.resolve(), HERE), only or list(JOBS), messages, repeat):
        console.print(f"{pair.checkout}, {pair.job}: {pair.rows_s:,.0f} rows/s, {pair.cpu:.1f} CPU-s per million")
        pairs.append(pair)
        results.mkdir(parents=True, exist_ok=True)
        (results / "windows.json").write_bytes(msgspec.json.format(msgspec.json.encode(pairs), indent=1) + b"\n")
        (results / "windows.md").write_text(page(pairs), encoding="utf-8")
    Console(highlight=False, soft_wrap=True).print(page(pairs), markup=False)


def _pairs(checkouts: Sequence[Path], jobs: Sequence[str], messages: int, repeat: int) -> Iterator[Pair]:
    """Yield the pairs of runs of each round, the checkouts in turn. Round 0 warms up."""
    with ExitStack() as stack:
        running = {_commit(each): stack.enter_context(_checkout(each)) for each in checkouts}
        for name in jobs:
            job, table, params, share = JOBS[name]
            sizes = round(messages * share / 3), round(messages * share)
            for number in range(repeat + 1):
                for commit in running if number % 2 else reversed(running):
                    orders = [Order(job, table, params, size) for size in (sizes if number else sizes[:1])]
                    runs = [running[commit](order) for order in orders]
                    if number:
                        yield Pair(name, commit, number, sizes, (runs[0], runs[1]))


@contextmanager
def _checkout(folder: Path) -> Iterator[Ordered]:
    """Yield what carries out an order with the code of the checkout, on a platform of its own."""
    command = [str(folder / ".venv" / "bin" / "python"), "-m", "bench.windows.runs", str(folder)]
    own = {"PYTHONPATH": str(HERE / "tests"), "FLINK_HOME": str(folder / ".headrace" / "flink")}
    with subprocess.Popen(
        command, env={**os.environ, **own}, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:

        def order(wanted: Order) -> Run:
            assert process.stdin
            assert process.stdout
            process.stdin.write(msgspec.json.encode(wanted).decode() + "\n")
            process.stdin.flush()
            for line in process.stdout:
                if line.startswith("{"):
                    return msgspec.json.decode(line, type=Run)
            raise RuntimeError(f"the runs of {folder} ended")

        yield order


def _commit(folder: Path) -> str:
    command = ["git", "-C", str(folder), "log", "-1", "--format=%h of %cs"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def page(pairs: Sequence[Pair]) -> str:
    """Return the table as Markdown."""
    rows = [["job", "messages", "commit", "k rows/s", "CPU-s per million", "rounds", "rows written"], ["---"] * 7]
    for job, commit in dict.fromkeys((pair.job, pair.checkout) for pair in pairs):
        own = [pair for pair in pairs if (pair.job, pair.checkout) == (job, commit)]
        cpu, rates = [pair.cpu for pair in own], [pair.rows_s / 1000 for pair in own]
        written = sorted({(run.rows, run.readings, run.dead) for pair in own for run in pair.runs[1:]})
        text = "; ".join(f"{rows:,}, of {readings:,} readings, {dead:,} dead" for rows, readings, dead in written)
        sizes = " and ".join(f"{size:,}" for size in own[0].messages)
        rows.append([job, sizes, commit, _spread(rates, ".0f"), _spread(cpu, ".1f"), str(len(own)), text])
    return "\n".join(
        [
            "# Windows",
            "",
            f"{kept.now()}, {kept.machine()}.",
            "Figures of the large topic less the small one: medians, lowest to highest. The commits take turns.",
            "",
            *("| " + " | ".join(row) + " |" for row in rows),
            "",
        ]
    )


def _spread(values: Sequence[float], form: str) -> str:
    return f"{median(values):{form}} ({min(values):{form}} to {max(values):{form}})"


if __name__ == "__main__":
    app()
