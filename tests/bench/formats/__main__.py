"""Measure what decoding costs: `just bench formats`."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
import typer
from rich.console import Console

from bench import kept
from bench.formats.plants import Plant, plants, readings
from headrace_udfs.decode import Decoder
from headrace_udfs.messages import Messages

RESULTS = Path(__file__).parents[1] / "results"
PER_MESSAGE = (1, 10, 100, 1_000)

app = typer.Typer(pretty_exceptions_enable=False)


class Cost(msgspec.Struct, frozen=True):
    """CPU seconds per million readings of one format, with so many readings in a message."""

    format: str
    rival: str
    per_message: int
    ours_s: float
    rival_s: float


@app.command()
def main(
    number: Annotated[int, typer.Option("--readings", help="Readings of each run.")] = 50_000,
    rounds: Annotated[int, typer.Option(help="Runs of each contender; the best counts.")] = 3,
    results: Annotated[Path, typer.Option(help="Folder for formats.json and .md.")] = RESULTS,
) -> None:
    """Measure the CPU per million readings, print the page, and write it as JSON and Markdown."""
    costs = [cost(plant, size, number, rounds) for plant in plants() for size in PER_MESSAGE if size <= plant.largest]
    text = page(costs, number)
    Console(highlight=False, soft_wrap=True).print(text, markup=False)
    (results / "formats.md").write_text(text, encoding="utf-8")
    (results / "formats.json").write_bytes(msgspec.json.format(msgspec.json.encode(costs), indent=1) + b"\n")


def cost(plant: Plant, size: int, number: int, rounds: int) -> Cost:
    """Return what a format costs in messages of `size` readings. Raises ValueError if the readings are not the same."""
    every = readings(number)
    payloads = [plant.write(every[start : start + size]) for start in range(0, number, size)]
    decoder = Decoder(plant.opened(), clock=lambda: 1.8e9, schemas=plant.schemas)
    messages = Messages(payloads, topics="bench", times=np.full(len(payloads), every[0][1]))
    decoded = decoder.decode(messages)
    read = [reading for payload in payloads for reading in plant.read(payload)]
    values = decoded.columns["value"].to_pylist()
    if decoded.faults or values != [value for _, _, value in read] or len(values) != number:
        raise ValueError(f"{plant.name}: the readings differ: {[*decoded.faults.items()][:3]}")
    ours = _best(lambda: decoder.decode(messages), rounds)
    rival = _best(lambda: [reading for payload in payloads for reading in plant.read(payload)], rounds)
    return Cost(plant.name, plant.rival, size, ours / number * 1e6, rival / number * 1e6)


def _best(work: Callable[[], object], rounds: int) -> float:
    spent = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        spent.append(time.process_time() - began)
    return min(spent)


def page(costs: Sequence[Cost], number: int) -> str:
    """Return the page as Markdown."""
    rows = [["format", "rival", *(f"{size:,} per message" for size in PER_MESSAGE)], ["---"] * (2 + len(PER_MESSAGE))]
    for name, rival in dict.fromkeys((each.format, each.rival) for each in costs):
        of_format = {each.per_message: each for each in costs if each.format == name}
        cells = [_cell(of_format[size]) if size in of_format else "" for size in PER_MESSAGE]
        rows.append([name, rival, *cells])
    return "\n".join(
        [
            "# What formats cost",
            "",
            f"{kept.now()}, {kept.machine()}. CPU-seconds per million readings, measured with {number:,}.",
            "From bytes to checked Arrow columns; in brackets, the loop over the format's best parser in Python, which",
            "checks nothing and makes a list of tuples.",
            "",
            *("| " + " | ".join(row) + " |" for row in rows),
            "",
        ]
    )


def _cell(cost_: Cost) -> str:
    return f"{cost_.ours_s:.1f} ({cost_.rival_s:.1f})"


if __name__ == "__main__":
    app()
