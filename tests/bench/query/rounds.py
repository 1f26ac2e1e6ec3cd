"""Run every question on every contender in every round, in turns, and check that their answers are the same."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import feather

from bench import packages
from bench.query import stand
from bench.query.questions import QUESTIONS, numbered
from bench.query.worker import Task, Timings

CONTENDERS = ("historian", "maintained", "naive", "clickhouse")
WARM = 3
"""How often a process runs the question again, with other tags each time."""
_DIGITS = 1e-9
_LIMIT_S = 900
_VALUES_ONLY = {"average", "time_average2", "at"}
"""For these, the Historian returns a row without a value for a time without good data; SQL returns none."""


class Run(msgspec.Struct, frozen=True):
    """One process: the seconds to open the contender and answer once, with no data in memory; those of later answers.

    `fault` says how its answers differ from those of the others.
    """

    contender: str
    question: str
    round: int
    cold_s: float
    warm_s: list[float]
    fault: str | None


def run(place: str, names: list[str], rounds: int, progress: Callable[[str], None]) -> Iterator[Run]:
    """Run the rounds, each with other tags; contenders take turns within a question, in reverse every other round."""
    for number in range(rounds):
        for question in QUESTIONS:
            order = CONTENDERS if number % 2 else CONTENDERS[::-1]
            with tempfile.TemporaryDirectory(prefix="headrace-bench-") as answers:
                questions = [numbered(question, names, number * (WARM + 1) + each) for each in range(WARM + 1)]
                timings = {}
                for contender in order:
                    folder = Path(answers) / contender
                    folder.mkdir()
                    module, *arguments = _entry(contender, place)
                    timings[contender] = _run(contender, place, Task(module, arguments, questions, str(folder)))
                faults = _compared(question, Path(answers), order, len(questions))
            for contender in order:
                open_s, (first, *others) = timings[contender].open_s, timings[contender].answer_s
                result = Run(contender, question, number, open_s + first, others, faults.get(contender))
                progress(_line(result))
                yield result


def _entry(contender: str, place: str) -> list[str]:
    match contender:
        case "historian" | "clickhouse":
            return [f"bench.query.on_{contender}", place]
    return ["bench.query.on_duckdb", place, contender]


def interpreter(contender: str) -> str:
    """Return the path of the Python that has the contender's packages."""
    return str(packages.python("clickhouse")) if contender == "clickhouse" else sys.executable


def _run(contender: str, place: str, task: Task) -> Timings:
    stand.forget(Path(place))
    command = [interpreter(contender), "-m", "bench.query.worker", msgspec.json.encode(task).decode()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_LIMIT_S, check=False)
    if done.returncode:
        raise RuntimeError(f"{contender} failed at {task.questions[0].name}:\n{done.stderr[-4000:]}")
    return msgspec.json.decode(done.stdout, type=Timings)


def _compared(question: str, answers: Path, names: Sequence[str], count: int) -> Mapping[str, str]:
    """Return, by contender, how its answers differ from those of plain SQL over the table as written."""
    faults = {}
    for number in range(count):
        tables = {name: _ordered(question, feather.read_table(answers / name / f"{number}.feather")) for name in names}
        for name, table in tables.items():
            if fault := _difference(table, tables["naive"]):
                faults[name] = f"{fault} in answer {number + 1}"
    return faults


def _ordered(question: str, table: pa.Table) -> pa.Table:
    if question in _VALUES_ONLY:
        table = table.filter(pc.is_valid(table["value"]))
    return table.sort_by([(name, "ascending") for name in ("tag", "ts") if name in table.column_names])


def _difference(table: pa.Table, other: pa.Table) -> str | None:
    """Return the difference, if any: tags, times and qualities must be equal, values to nine digits."""
    if len(table) != len(other) or not len(other):
        return f"{len(table):,} rows, not {len(other):,}"
    for name in set(table.column_names) & set(other.column_names) - {"value"}:
        if table[name].combine_chunks() != other[name].combine_chunks():
            return f"another {name}"
    mine, theirs = (np.asarray(each["value"], float) for each in (table, other))
    if not np.allclose(mine, theirs, rtol=_DIGITS, atol=0, equal_nan=True):
        return "other values"
    return None


def _line(result: Run) -> str:
    warm = ", ".join(f"{each * 1e3:,.0f}" for each in result.warm_s)
    text = f"round {result.round + 1}: {result.question} of {result.contender}:"
    text += f" cold {result.cold_s * 1e3:,.0f} ms, then {warm}"
    return f"{text}: VOID, {result.fault}" if result.fault else text
