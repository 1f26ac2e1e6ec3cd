"""The description of a function that SQL or job.yaml can name, which computes columns from columns, row by row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from headrace_udfs.argument_types import arrow_type
from headrace_udfs.step_protocol import Columns


@dataclass(frozen=True)
class Column:
    """The type of a column (argument_types) and the unit of its values: "1" for a ratio, None if they have no unit."""

    type: str
    unit: str | None = None


@dataclass(frozen=True)
class FunctionDoc:
    """A function and its description.

    doc: one sentence on what the function returns. null: when it returns null. source: the publication of its formula,
    or where its data come from. example: values of each input, row by row, for the documentation. apply: takes the
    columns of `inputs` and returns those of `outputs`.
    """

    name: str
    doc: str
    null: str
    source: str
    inputs: Mapping[str, Column]
    outputs: Mapping[str, Column]
    example: Mapping[str, Sequence[Any]]
    apply: Callable[[Columns], Columns]

    def example_columns(self) -> Columns:
        """Return the example as columns that `apply` accepts."""
        return {name: pa.array(self.example[name], arrow_type(column.type)) for name, column in self.inputs.items()}
