"""What an analyst is told of a function that SQL or job.yaml can name: columns in, columns out, row for row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from headrace_udfs.step_protocol import Columns
from headrace_udfs.types import ARROW, ContractType


@dataclass(frozen=True)
class Column:
    """The type of a column, and its unit, "1" for a ratio; None where its values have none."""

    type: ContractType
    unit: str | None = None


@dataclass(frozen=True)
class FunctionDoc:
    """A function with all that is known of it. `apply` takes the columns of `inputs` and gives those of `outputs`.

    doc: what it gives, in a sentence. null: where it gives nothing. source: where its formula stands, or the data come
    from. example: values of each input, row by row, to show it on.
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
        """The example as `apply` takes it."""
        return {name: pa.array(self.example[name], ARROW[column.type]) for name, column in self.inputs.items()}
