"""A process of its own: opens one contender, asks one question several times, and tells how long each took."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import msgspec
import pyarrow as pa
from pyarrow import feather

from bench.query.questions import Asked

Answer = Callable[[Asked], pa.Table]


class Task(msgspec.Struct, frozen=True):
    """In its only argument, as JSON: whom to ask (module, and what its `open` takes), what, where answers go."""

    module: str
    arguments: list[str]
    asked: list[Asked]
    answers: str


class Told(msgspec.Struct, frozen=True):
    """What it prints: seconds to open, with all that the contender imports there already, and of each answer."""

    open_s: float
    answer_s: list[float]


def main(task: Task) -> Told:
    """Each answer is in memory as an Arrow table when the clock stops."""
    contender = import_module(task.module)
    began = time.perf_counter()
    answer: Answer = contender.open(*task.arguments)
    open_s, seconds = time.perf_counter() - began, []
    for number, asked in enumerate(task.asked):
        began = time.perf_counter()
        found = answer(asked)
        seconds.append(time.perf_counter() - began)
        feather.write_feather(_plain(found), Path(task.answers) / f"{number}.feather", compression="uncompressed")
    return Told(open_s, seconds)


def _plain(found: pa.Table) -> pa.Table:
    """The columns that are compared, of one type for all contenders."""
    kinds = {"tag": pa.string(), "ts": pa.timestamp("us", "UTC"), "value": pa.float64(), "quality": pa.int64()}
    renamed = found.rename_columns([{"minute": "ts", "last_ts": "ts"}.get(name, name) for name in found.column_names])
    there = [name for name in kinds if name in renamed.column_names]
    return pa.table({name: renamed[name].cast(kinds[name]) for name in there})


if __name__ == "__main__":
    print(msgspec.json.encode(main(msgspec.json.decode(sys.argv[1], type=Task))).decode())  # noqa: T201
