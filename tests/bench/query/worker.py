"""A separate process that opens one contender, runs one question several times, and prints the time of each answer."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import msgspec
import pyarrow as pa
from pyarrow import feather

from bench.query.questions import Question

Answer = Callable[[Question], pa.Table]


class Task(msgspec.Struct, frozen=True):
    """Its only argument, as JSON: the contender (a module, and the arguments of its `open`), the questions, the folder
    for answers."""

    module: str
    arguments: list[str]
    questions: list[Question]
    answers: str


class Timings(msgspec.Struct, frozen=True):
    """What it prints: the seconds to open the contender, after its imports, and the seconds of each answer."""

    open_s: float
    answer_s: list[float]


def main(task: Task) -> Timings:
    """Run the task. The clock stops when an answer is in memory as an Arrow table."""
    contender = import_module(task.module)
    began = time.perf_counter()
    answer: Answer = contender.open(*task.arguments)
    open_s, seconds = time.perf_counter() - began, []
    for number, question in enumerate(task.questions):
        began = time.perf_counter()
        rows = answer(question)
        seconds.append(time.perf_counter() - began)
        feather.write_feather(_plain(rows), Path(task.answers) / f"{number}.feather", compression="uncompressed")
    return Timings(open_s, seconds)


def _plain(rows: pa.Table) -> pa.Table:
    """Return the columns that are compared, of the same types for all contenders."""
    kinds = {"tag": pa.string(), "ts": pa.timestamp("us", "UTC"), "value": pa.float64(), "quality": pa.int64()}
    renamed = rows.rename_columns([{"minute": "ts", "last_ts": "ts"}.get(name, name) for name in rows.column_names])
    columns = [name for name in kinds if name in renamed.column_names]
    return pa.table({name: renamed[name].cast(kinds[name]) for name in columns})


if __name__ == "__main__":
    print(msgspec.json.encode(main(msgspec.json.decode(sys.argv[1], type=Task))).decode())  # noqa: T201
