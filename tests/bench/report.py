"""The report of the runs: marginal figures per contender and the line's ratio to each, as table, files and chart."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from statistics import median

import msgspec
from matplotlib.figure import Figure
from rich.table import Table

from bench import kept
from bench.rounds import Run

LINE = "line"
TITLES = {
    "json": "(1) Flink SQL, format json, no Python",
    "line": "(2) headrace: decode, enrich, range, dead letters",
    "decode": "(2b) headrace, decode alone, dead letters",
    "loop": "(3) confluent-kafka + orjson + pyiceberg loop",
    "spark": "(4) PySpark Structured Streaming, pandas UDF",
    "connect": "(5) Kafka Connect, Iceberg's sink, no Python",
}
_PACKAGES = ("apache-flink", "confluent-kafka", "msgspec", "numpy", "orjson", "pandas", "pyarrow", "pyiceberg")


class Marginal(msgspec.Struct, frozen=True):
    """One contender's figures, one per round: those of the large topic less those of the small one, per row between."""

    contender: str
    rows_s: list[float]
    cpu_s_per_million: list[float]
    line_ratio: float | None
    faults: list[str]


class Result(kept.Stamped, frozen=True):
    """`line_ratio` in `marginals`: the line's rows/s over the contender's, the median of the rounds' ratios."""

    marginals: list[Marginal]
    runs: list[Run]


def summed_up(runs: Sequence[Run]) -> Result:
    """Return the rates of each contender; a round with a wrong count has none."""
    names = [name for name in TITLES if any(run.contender == name for run in runs)]
    rates = {name: _marginal(runs, name) for name in names}
    marginals = [
        Marginal(
            name,
            [rate for rate, _ in rates[name].values()],
            [cpu for _, cpu in rates[name].values()],
            _ratio(rates.get(LINE, {}), rates[name]),
            [f"round {run.round}: {run.fault}" for run in runs if run.contender == name and run.fault],
        )
        for name in names
    ]
    versions = {name: version(name) for name in _PACKAGES}
    return Result(kept.now(), kept.machine(), versions, marginals, list(runs))


def _marginal(runs: Sequence[Run], name: str) -> dict[int, tuple[float, float]]:
    """Rows/s and CPU-seconds per million rows, by round."""
    rates = {}
    for number in sorted({run.round for run in runs} - {0}):
        pair = sorted((r for r in runs if (r.contender, r.round) == (name, number)), key=lambda run: run.messages)
        if len(pair) == 2 and not any(run.fault for run in pair):
            small, large = pair
            rows = large.messages - small.messages
            rates[number] = (
                rows / (large.seconds - small.seconds),
                (large.cpu_s - small.cpu_s) / rows * 1e6,
            )
    return rates


def _ratio(line: dict[int, tuple[float, float]], other: dict[int, tuple[float, float]]) -> float | None:
    ratios = [line[number][0] / other[number][0] for number in line.keys() & other.keys()]
    return median(ratios) if ratios else None


def table(result: Result) -> Table:
    """Return the table for the terminal."""
    grid = Table(title=f"Ingest, marginal figures ({result.date}, {result.machine})")
    for heading, justify in _HEADINGS:
        grid.add_column(heading, justify=justify)  # type: ignore[arg-type]
    for cells in _cells(result):
        grid.add_row(*cells)
    return grid


_HEADINGS = (
    ("contender", "left"),
    ("k rows/s", "right"),
    ("lowest to highest", "right"),
    ("CPU-s per M rows", "right"),
    ("line / this", "right"),
    ("faults", "left"),
)


def _cells(result: Result) -> list[list[str]]:
    return [
        [
            TITLES[m.contender],
            f"{median(m.rows_s) / 1000:,.0f}" if m.rows_s else "void",
            f"{min(m.rows_s) / 1000:,.0f} to {max(m.rows_s) / 1000:,.0f}" if m.rows_s else "",
            f"{median(m.cpu_s_per_million):.1f}" if m.rows_s else "void",
            f"{m.line_ratio:.2f}" if m.line_ratio else "",
            "; ".join(m.faults) or "none",
        ]
        for m in result.marginals
    ]


def keep(result: Result, folder: Path) -> None:
    """Write ingest.json, ingest.md and ingest.svg."""
    small, large = min(r.messages for r in result.runs), max(r.messages for r in result.runs)
    about = f"Marginal: the time and CPU of {large:,} messages less those of {small:,}; medians of the rounds."
    rows = [[heading for heading, _ in _HEADINGS], ["---"] * len(_HEADINGS), *_cells(result)]
    _draw(result, kept.keep(result, folder, "ingest", [about], rows))


def _draw(result: Result, path: Path) -> None:
    shown = [m for m in result.marginals if m.rows_s][::-1]
    labels = [TITLES[m.contender] for m in shown]
    figure = Figure(figsize=(11, 3.2), layout="constrained")
    speed, cpu = figure.subplots(1, 2, sharey=True)
    for axis, title, values in (
        (speed, "k rows/s, 2 slots", [[v / 1000 for v in m.rows_s] for m in shown]),
        (cpu, "CPU-s per million rows", [m.cpu_s_per_million for m in shown]),
    ):
        colours = ["tab:blue" if m.contender in {LINE, "decode"} else "tab:gray" for m in shown]
        axis.barh(labels, [median(v) for v in values], color=colours)
        for row, each in enumerate(values):
            axis.plot(each, [row] * len(each), "k|", markersize=8)
            axis.annotate(f"{median(each):.3g}", (max(each), row), (6, 0), textcoords="offset points", va="center")
        axis.set_title(title)
        axis.margins(x=0.15)
    figure.savefig(path)
