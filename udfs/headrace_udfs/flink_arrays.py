"""Conversion of Arrow arrays between a worker's function and Flink."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
from pyflink.table import DataTypes
from pyflink.table.types import DataType

from headrace_udfs.argument_types import arrow_type
from headrace_udfs.arrays import plain
from headrace_udfs.types import ARROW, ContractType

TYPES: dict[ContractType, DataType] = {
    "string": DataTypes.STRING(),
    "double": DataTypes.DOUBLE(),
    "long": DataTypes.BIGINT(),
    "boolean": DataTypes.BOOLEAN(),
    "timestamp": DataTypes.TIMESTAMP(6),  # in UTC; PyFlink does not support TIMESTAMP_LTZ inside an ARRAY
}
"""The PyFlink type of each contract type."""

_NAMES = {kind: name for name, kind in ARROW.items()}


def flink_type(kind: pa.DataType) -> DataType:
    """Return the PyFlink type of an Arrow type: of a contract's types, an array of one, or a row of them."""
    if pa.types.is_list(kind):
        return DataTypes.ARRAY(TYPES[_NAMES[kind.value_type]])
    if pa.types.is_struct(kind):
        return DataTypes.ROW([DataTypes.FIELD(field.name, TYPES[_NAMES[field.type]]) for field in kind])
    return TYPES[_NAMES[kind]]


class ArrowColumn:
    """An Arrow array that PyFlink accepts as a pandas column.

    PyFlink converts a result with `pa.Array.from_pandas(result, mask=result.isnull())`. Without a mask, pyarrow first
    calls `__arrow_array__` of the result, so the array passes through unchanged. Texts lose their dictionary: a
    function of one's own, called on the result, gets the type that it declares.
    """

    def __init__(self, values: pa.Array) -> None:
        self._values = plain(values)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._values)

    def isnull(self) -> None:
        """Return no mask: the array has its own."""

    def __arrow_array__(self, type: pa.DataType | None = None) -> pa.Array:  # noqa: A002 - pyarrow's protocol
        """Return the array, cast to `type` if one is given."""
        return self._values if type is None else self._values.cast(type)


Argument = pd.Series | pd.DataFrame | ArrowColumn | float | str | bool | None
"""An argument that PyFlink passes: a column, a column of rows, the result of a nested call, or a constant."""

_LONG = -(2.0**63), np.nextafter(2.0**63, 0)


def to_arrow(arguments: Sequence[Argument], kinds: Sequence[str]) -> list[pa.Array]:
    """Return the arguments of one call as arrays of these types (argument_types), all of one length.

    PyFlink does not distinguish null from NaN in a double: both become null; and a row that is null is one of nulls.
    Raises ValueError if all arguments are constants, because then the number of rows is unknown.
    """
    columns = pd.Series | pd.DataFrame | ArrowColumn
    rows = next((len(each) for each in arguments if isinstance(each, columns)), None)
    if rows is None:
        raise ValueError("all arguments are constants: write the result itself in the SQL")
    types = map(arrow_type, kinds)
    return [_array(argument, kind, rows) for argument, kind in zip(arguments, types, strict=True)]


def _array(argument: Argument, kind: pa.DataType, rows: int) -> pa.Array:
    if isinstance(argument, ArrowColumn):
        return pa.array(argument)
    if isinstance(argument, pd.DataFrame):
        # Flink names the fields of ROW(a, b) as it likes.
        parts = [_array(argument.iloc[:, at], kind[at].type, rows) for at in range(kind.num_fields)]
        return pa.StructArray.from_arrays(parts, fields=[*kind])
    if not isinstance(argument, pd.Series):
        return pa.repeat(pa.scalar(argument, kind), rows)
    if pa.types.is_int64(kind) and argument.dtype == np.float64:
        # A null among the longs has turned them into doubles; the largest round to a double that no long can hold.
        argument = argument.clip(*_LONG)
    return pa.array(argument, kind, from_pandas=True)
