"""Ask every contender every question in every round, in turns, and check that their answers are one."""

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
from bench.query.asker import Task, Told
from bench.query.questions import QUESTIONS, asked

CONTENDERS = ("historian", "maintained", "naive", "clickhouse")
WARM = 3
"""How often a process asks again, of other tags each time."""
_DIGITS = 1e-9
_LIMIT_S = 900
_VALUES_ONLY = {"average", "time_average2", "at"}
"""Of these the Historian has a row, without a value, for a time that has no good data; SQL has none."""


class Run(msgspec.Struct, frozen=True):
    """One process: seconds to open the contender and have the first answer, nothing in memory before; and the others'.

    `fault` says where its answers are not those of the others.
    """

    contender: str
    question: str
    round: int
    cold_s: float
    warm_s: list[float]
    fault: str | None


def run(place: str, names: list[str], rounds: int, progress: Callable[[str], None]) -> Iterator[Run]:
    """Each round asks other tags; contenders take turns within a question, every other round the other way round."""
    for number in range(rounds):
        for question in QUESTIONS:
            order = CONTENDERS if number % 2 else CONTENDERS[::-1]
            with tempfile.TemporaryDirectory(prefix="headrace-bench-") as answers:
                wanted = [asked(question, names, number * (WARM + 1) + each) for each in range(WARM + 1)]
                told = {}
                for contender in order:
                    folder = Path(answers) / contender
                    folder.mkdir()
                    module, *arguments = _entry(contender, place)
                    told[contender] = _ask(contender, place, Task(module, arguments, wanted, str(folder)))
                faults = _compared(question, Path(answers), order, len(wanted))
            for contender in order:
                open_s, (first, *others) = told[contender].open_s, told[contender].answer_s
                made = Run(contender, question, number, open_s + first, others, faults.get(contender))
                progress(_line(made))
                yield made


def _entry(contender: str, place: str) -> list[str]:
    match contender:
        case "historian" | "clickhouse":
            return [f"bench.query.on_{contender}", place]
    return ["bench.query.on_duckdb", place, contender]


def interpreter(contender: str) -> str:
    """The Python that has the contender's packages."""
    return str(packages.python("clickhouse")) if contender == "clickhouse" else sys.executable


def _ask(contender: str, place: str, task: Task) -> Told:
    stand.forget(Path(place))
    command = [interpreter(contender), "-m", "bench.query.asker", msgspec.json.encode(task).decode()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_LIMIT_S, check=False)
    if done.returncode:
        raise RuntimeError(f"{contender} failed at {task.asked[0].question}:\n{done.stderr[-4000:]}")
    return msgspec.json.decode(done.stdout, type=Told)


def _compared(question: str, answers: Path, names: Sequence[str], count: int) -> Mapping[str, str]:
    """Of each contender that differs from the one of plain SQL over the table as it was written, in what."""
    faults = {}
    for number in range(count):
        found = {name: _ordered(question, feather.read_table(answers / name / f"{number}.feather")) for name in names}
        for name, table in found.items():
            if fault := _difference(table, found["naive"]):
                faults[name] = f"{fault}, asked for the {number + 1}. time"
    return faults


def _ordered(question: str, table: pa.Table) -> pa.Table:
    if question in _VALUES_ONLY:
        table = table.filter(pc.is_valid(table["value"]))
    return table.sort_by([(name, "ascending") for name in ("tag", "ts") if name in table.column_names])


def _difference(table: pa.Table, other: pa.Table) -> str | None:
    """Tags, times and qualities have to be the same, values to nine digits."""
    if len(table) != len(other) or not len(other):
        return f"{len(table):,} rows, not {len(other):,}"
    for name in set(table.column_names) & set(other.column_names) - {"value"}:
        if table[name].combine_chunks() != other[name].combine_chunks():
            return f"another {name}"
    mine, theirs = (np.asarray(each["value"], float) for each in (table, other))
    if not np.allclose(mine, theirs, rtol=_DIGITS, atol=0, equal_nan=True):
        return "other values"
    return None


def _line(made: Run) -> str:
    warm = ", ".join(f"{each * 1e3:,.0f}" for each in made.warm_s)
    told = f"round {made.round + 1}: {made.question} of {made.contender}: cold {made.cold_s * 1e3:,.0f} ms, then {warm}"
    return f"{told}: VOID, {made.fault}" if made.fault else told
