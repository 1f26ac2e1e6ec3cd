"""The Python functions that a job can use, each with the results of its example and, on request, its cost."""

from __future__ import annotations

import timeit
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from headrace.authoring import functions
from headrace.project.paths import Project
from headrace_udfs.function_doc import Column, FunctionDoc
from headrace_udfs.sql_functions import FUNCTIONS
from headrace_udfs.step_docs import STEP_DOCS
from headrace_udfs.step_protocol import Columns

BATCH = 10_000
_ROUNDS = 20

Kind = Literal["step", "sql", "own"]
"""Where the name is written: under `steps:` in job.yaml, in SQL, or in SQL and under `functions:` in job.yaml."""


@dataclass(frozen=True)
class Udf:
    """A function, the results of its example by row, and its cost in microseconds per row (None if not measured)."""

    kind: Kind
    function: FunctionDoc
    results: list[dict[str, Any]]
    us_per_row: float | None

    @property
    def signature(self) -> str:
        """`name(input type [unit], ...) -> output type [unit], ...`; the only output of a SQL function has no name."""
        inputs = ", ".join(f"{name} {_typed(column)}" for name, column in self.function.inputs.items())
        outputs = self.function.outputs
        names = ("" if self.kind != "step" and len(outputs) == 1 else f"{name} " for name in outputs)
        results = ", ".join(name + _typed(column) for name, column in zip(names, outputs.values(), strict=True))
        return f"{self.function.name}({inputs}) -> {results}"

    def example(self) -> list[dict[str, Any]]:
        """Return the example row by row, each with its inputs and results."""
        inputs = self.function.example
        return [
            {**dict(zip(inputs, row, strict=True)), **result}
            for row, result in zip(zip(*inputs.values(), strict=True), self.results, strict=True)
        ]

    def to_json(self) -> dict[str, Any]:
        """Return the function as one JSON object."""
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


def listing(project: Project, *, measure: bool = False) -> list[Udf]:
    """Return the steps, the SQL functions, and the project's own.

    The cost is the minimum of _ROUNDS runs on BATCH example rows. Raises UserError with every fault in the folders of
    the project's own functions.
    """
    kinds: Mapping[Kind, Mapping[str, FunctionDoc]] = {
        "step": STEP_DOCS,
        "sql": FUNCTIONS,
        "own": functions.docs(project),
    }
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
