"""Conversion of Arrow arrays between a worker's function and Flink."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
from pyflink.table import DataTypes
from pyflink.table.types import DataType

from headrace_udfs.types import ARROW, ContractType

TYPES: dict[ContractType, DataType] = {
    "string": DataTypes.STRING(),
    "double": DataTypes.DOUBLE(),
    "long": DataTypes.BIGINT(),
    "boolean": DataTypes.BOOLEAN(),
    "timestamp": DataTypes.TIMESTAMP(6),  # in UTC; PyFlink does not support TIMESTAMP_LTZ inside an ARRAY
}
"""The PyFlink type of each contract type."""


class ArrowColumn:
    """An Arrow array that PyFlink accepts as a pandas column.

    PyFlink converts a result with `pa.Array.from_pandas(result, mask=result.isnull())`. Without a mask, pyarrow first
    calls `__arrow_array__` of the result, so the array passes through unchanged.
    """

    def __init__(self, values: pa.Array) -> None:
        self._values = values

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._values)

    def isnull(self) -> None:
        """Return no mask: the array has its own."""

    def __arrow_array__(self, type: pa.DataType | None = None) -> pa.Array:  # noqa: A002 - pyarrow's protocol
        """Return the array, cast to `type` if one is given."""
        return self._values if type is None else self._values.cast(type)


Argument = pd.Series | ArrowColumn | float | str | bool | None
"""An argument that PyFlink passes: a column, the result of a nested call, or a constant from the SQL."""

_LONG = -(2.0**63), np.nextafter(2.0**63, 0)


def to_arrow(arguments: Sequence[Argument], kinds: Sequence[ContractType]) -> list[pa.Array]:
    """Return the arguments of one call as arrays of these types, all of one length.

    PyFlink does not distinguish null from NaN in a double: both become null. Raises ValueError if all arguments are
    constants, because then the number of rows is unknown.
    """
    rows = next((len(each) for each in arguments if isinstance(each, pd.Series | ArrowColumn)), None)
    if rows is None:
        raise ValueError("all arguments are constants: write the result itself in the SQL")
    return [_array(argument, kind, rows) for argument, kind in zip(arguments, kinds, strict=True)]


def _array(argument: Argument, kind: ContractType, rows: int) -> pa.Array:
    if isinstance(argument, ArrowColumn):
        return pa.array(argument)
    if not isinstance(argument, pd.Series):
        return pa.repeat(pa.scalar(argument, ARROW[kind]), rows)
    if kind == "long" and argument.dtype == np.float64:
        # A null among the longs has turned them into doubles; the largest round to a double that no long can hold.
        argument = argument.clip(*_LONG)
    return pa.array(argument, ARROW[kind], from_pandas=True)
