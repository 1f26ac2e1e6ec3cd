"""The report of the runs: cold and warm medians of each question and contender, as table, files and chart."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from statistics import median

import msgspec
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter
from rich.table import Table

from bench import kept
from bench.query.day import CHECKPOINT_S
from bench.query.questions import QUESTIONS
from bench.query.rounds import CONTENDERS, Run
from headrace.upkeep.maintain import Report

TITLES = {
    "historian": "headrace: Historian, maintained",
    "maintained": "DuckDB SQL, maintained",
    "naive": "DuckDB SQL, as written",
    "clickhouse": "ClickHouse (chdb)",
}
_PACKAGES = ("duckdb", "numpy", "pyarrow", "pyiceberg")
_COLOURS = {"historian": "tab:blue", "maintained": "tab:cyan", "naive": "tab:gray", "clickhouse": "tab:orange"}


class Figures(msgspec.Struct, frozen=True):
    """Milliseconds of one contender at one question: medians over the rounds, for `warm` of each round's median."""

    contender: str
    question: str
    cold_ms: float
    warm_ms: float
    faults: list[str]


class Result(kept.Stamped, frozen=True):
    """Files and bytes are those of the table before and after `headrace maintain`, which took `maintain_s`."""

    rows: int
    tags: int
    rounds: int
    files: tuple[int, int]
    bytes: tuple[int, int]
    maintain_s: float
    figures: list[Figures]
    runs: list[Run]


def summed_up(runs: Sequence[Run], upkeep: Report, maintain_s: float, tags: int, versions: dict[str, str]) -> Result:
    """Return the result of the runs; `versions` are those of packages that only a rival has."""
    return Result(
        date=kept.now(),
        machine=kept.machine(),
        versions={name: version(name) for name in _PACKAGES} | versions,
        rows=sum(each.rows for each in upkeep.rewritten),
        tags=tags,
        rounds=len({run.round for run in runs}),
        files=(upkeep.files_before, upkeep.files_after),
        bytes=(upkeep.bytes_before, upkeep.bytes_after),
        maintain_s=maintain_s,
        figures=[_figures(runs, contender, question) for question in QUESTIONS for contender in CONTENDERS],
        runs=list(runs),
    )


def _figures(runs: Sequence[Run], contender: str, question: str) -> Figures:
    ours = [run for run in runs if (run.contender, run.question) == (contender, question)]
    cold, warm = median(run.cold_s for run in ours), median(median(run.warm_s) for run in ours)
    faults = [f"round {run.round + 1}: {run.fault}" for run in ours if run.fault]
    return Figures(contender, question, cold * 1e3, warm * 1e3, faults)


def headings() -> list[str]:
    return ["question", *TITLES.values(), "as written / Historian", "Historian / ClickHouse"]


def cells(result: Result) -> list[list[str]]:
    """A row a question, each cell cold and warm."""
    rows = []
    for question, meaning in QUESTIONS.items():
        of = {each.contender: each for each in result.figures if each.question == question}
        ours = of["historian"]
        ratios = [
            _pair(of["naive"].cold_ms / ours.cold_ms, of["naive"].warm_ms / ours.warm_ms, ".1f"),
            _pair(ours.cold_ms / of["clickhouse"].cold_ms, ours.warm_ms / of["clickhouse"].warm_ms, ".2f"),
        ]
        rows.append([meaning, *(_cell(of[name]) for name in TITLES), *ratios])
    return rows


def _cell(each: Figures) -> str:
    return "void: " + "; ".join(each.faults) if each.faults else _pair(each.cold_ms, each.warm_ms, ",.0f")


def _pair(cold: float, warm: float, form: str) -> str:
    return f"{cold:{form}}, {warm:{form}}"


def table(result: Result) -> Table:
    """Return the table for the terminal."""
    grid = Table(title=f"Questions, ms cold, warm ({result.rows:,} rows; {result.date}, {result.machine})")
    for number, heading in enumerate(headings()):
        grid.add_column(heading, justify="right" if number else "left")
    for row in cells(result):
        grid.add_row(*row)
    return grid


def keep(result: Result, folder: Path) -> None:
    """Write query.json, query.md and query.svg."""
    before, after = (
        f"{count:,} files, {size / 1e6:,.0f} MB" for count, size in zip(result.files, result.bytes, strict=True)
    )
    rows = [headings(), ["---", *["---:"] * (len(headings()) - 1)], *cells(result)]
    about = [
        f"{result.rows:,} readings of {result.tags:,} tags in one day. As written, a file every {CHECKPOINT_S} s:"
        f" {before}. After `headrace maintain`, which took {result.maintain_s:,.0f} s: {after}.",
        f"Milliseconds, cold then warm, medians of {result.rounds} rounds. Cold: a new process, with its imports done"
        " and no data file in the system's memory, opens the contender and answers. Warm: the same process"
        " answers again, for other tags. All answers were compared: tags, times and qualities are equal, values to nine"
        " digits.",
    ]
    _draw(result, kept.keep(result, folder, "query", about, rows))


def _draw(result: Result, path: Path) -> None:
    figure = Figure(figsize=(11, 5.5), layout="constrained")
    cold, warm = figure.subplots(1, 2, sharey=True)
    questions = list(QUESTIONS.values())[::-1]
    for axis, title, of in ((cold, "cold, ms", "cold_ms"), (warm, "warm, ms", "warm_ms")):
        for row, name in enumerate(reversed(TITLES)):
            values = {QUESTIONS[each.question]: getattr(each, of) for each in result.figures if each.contender == name}
            places = [number + (row - 1.5) * 0.2 for number in range(len(questions))]
            axis.barh(places, [values[each] for each in questions], 0.19, color=_COLOURS[name], label=TITLES[name])
            for place, each in zip(places, questions, strict=True):
                axis.annotate(
                    f"{values[each]:,.0f}",
                    (values[each], place),
                    (3, 0),
                    textcoords="offset points",
                    va="center",
                    fontsize=7,
                )
        axis.set_yticks(range(len(questions)), questions)
        axis.set_xscale("log")
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.margins(x=0.15)
        axis.set_title(title)
    handles, labels = warm.get_legend_handles_labels()
    figure.legend(handles[::-1], labels[::-1], loc="outside lower center", ncols=4)
    figure.savefig(path)
