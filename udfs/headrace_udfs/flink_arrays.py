"""How Arrow arrays cross from a worker's function to Flink and back."""

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
    "timestamp": DataTypes.TIMESTAMP(6),  # UTC: PyFlink carries no TIMESTAMP_LTZ inside an ARRAY
}


class ArrowColumn:
    """An Arrow array that PyFlink takes for a pandas column.

    PyFlink makes an Arrow array of a result by `pa.Array.from_pandas(result, mask=result.isnull())`, and pyarrow asks
    the result for its own array first, if there is no mask. So a column crosses as it was built.
    """

    def __init__(self, values: pa.Array) -> None:
        self._values = values

    def __len__(self) -> int:
        return len(self._values)

    def isnull(self) -> None:
        """No mask: the array has its own."""

    def __arrow_array__(self, type: pa.DataType | None = None) -> pa.Array:  # noqa: A002 - pyarrow's protocol
        return self._values if type is None else self._values.cast(type)


Argument = pd.Series | ArrowColumn | float | str | bool | None
"""What PyFlink calls a function with: a column, the answer of a call inside the call, or a constant of the SQL."""

_LONG = -(2.0**63), np.nextafter(2.0**63, 0)


def to_arrow(arguments: Sequence[Argument], kinds: Sequence[ContractType]) -> list[pa.Array]:
    """The arguments of one call as arrays of these types, all of one length.

    PyFlink makes no difference between null and NaN of a double: both are null here. Raises ValueError where all are
    constants, for then nothing says how many rows there are.
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
        # A null among them has made doubles of the longs, and the greatest are rounded to one that is no long.
        argument = argument.clip(*_LONG)
    return pa.array(argument, ARROW[kind], from_pandas=True)
