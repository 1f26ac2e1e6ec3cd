"""Every Python function that an analyst can name, run on its example and, where asked, timed."""

from __future__ import annotations

import timeit
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from headrace_udfs.function_doc import Column, FunctionDoc
from headrace_udfs.sql_functions import FUNCTIONS
from headrace_udfs.step_docs import STEP_DOCS
from headrace_udfs.step_protocol import Columns

BATCH = 10_000
_ROUNDS = 20

Kind = Literal["step", "sql"]
"""Where the name is written: under `steps:` in job.yaml, or in SQL."""


@dataclass(frozen=True)
class Udf:
    """A function, what it makes of its example (row by row), and its cost: microseconds a row, None if not measured."""

    kind: Kind
    function: FunctionDoc
    results: list[dict[str, Any]]
    us_per_row: float | None

    @property
    def signature(self) -> str:
        """`name(input type [unit], ...) -> output type [unit], ...`; the one output of SQL's functions has no name."""
        inputs = ", ".join(f"{name} {_typed(column)}" for name, column in self.function.inputs.items())
        outputs = self.function.outputs
        named = ("" if self.kind == "sql" else f"{name} " for name in outputs)
        answers = ", ".join(name + _typed(column) for name, column in zip(named, outputs.values(), strict=True))
        return f"{self.function.name}({inputs}) -> {answers}"

    def example(self) -> list[dict[str, Any]]:
        """The example's inputs and what came of them, row by row."""
        inputs = self.function.example
        return [
            {**dict(zip(inputs, row, strict=True)), **answer}
            for row, answer in zip(zip(*inputs.values(), strict=True), self.results, strict=True)
        ]

    def to_json(self) -> dict[str, Any]:
        about = self.function
        return {
            "name": about.name,
            "kind": self.kind,
            "signature": self.signature,
            "inputs": _plain(about.inputs),
            "outputs": _plain(about.outputs),
            "doc": about.doc,
            "null": about.null,
            "source": about.source,
            "example": self.example(),
            "us_per_row": self.us_per_row,
        }


def listing(*, measure: bool = False) -> list[Udf]:
    """The steps, then the functions of SQL. The cost is the best of some rounds over a batch of BATCH example rows."""
    kinds: Mapping[Kind, Mapping[str, FunctionDoc]] = {"step": STEP_DOCS, "sql": FUNCTIONS}
    return [_run(kind, about, measure) for kind, group in kinds.items() for about in group.values()]


def _run(kind: Kind, about: FunctionDoc, measure: bool) -> Udf:
    columns = about.example_columns()
    answers = pa.RecordBatch.from_pydict(dict(about.apply(columns))).to_pylist()
    return Udf(kind, about, answers, _us_per_row(about, columns) if measure else None)


def _us_per_row(about: FunctionDoc, columns: Columns) -> float:
    batch = {name: column.take(pa.array(np.arange(BATCH) % len(column))) for name, column in columns.items()}
    return min(timeit.repeat(lambda: about.apply(batch), number=1, repeat=_ROUNDS)) / BATCH * 1e6


def _typed(column: Column) -> str:
    return f"{column.type} [{column.unit}]" if column.unit else column.type


def _plain(columns: Mapping[str, Column]) -> dict[str, dict[str, str | None]]:
    return {name: {"type": column.type, "unit": column.unit} for name, column in columns.items()}
