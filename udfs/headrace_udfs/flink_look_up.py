"""Look-ups of tables as SQL functions: one for each column that is taken, which share one search per batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyflink.table import DataTypes
from pyflink.table.types import DataType
from pyflink.table.udf import FunctionContext, ScalarFunction, UserDefinedScalarFunctionWrapper, udf

from headrace_udfs import table_cache
from headrace_udfs.arrays import Positions
from headrace_udfs.flink_arrays import ArrowColumn
from headrace_udfs.look_up import NO_LONG, Kind, LookUp, LookUpTable, arrow_type
from headrace_udfs.step_protocol import CatalogAddress
from headrace_udfs.table_cache import Kept

_TYPES: Mapping[Kind, DataType] = {
    "string": DataTypes.STRING(),
    "double": DataTypes.DOUBLE(),
    "float": DataTypes.FLOAT(),
    "long": DataTypes.BIGINT(),
    "int": DataTypes.INT(),
    "boolean": DataTypes.BOOLEAN(),
    "timestamp": DataTypes.TIMESTAMP(6),  # in UTC; PyFlink does not return a TIMESTAMP_LTZ this fine
    "date": DataTypes.DATE(),
    "binary": DataTypes.BYTES(),
}


class LookUpColumn(ScalarFunction):  # type: ignore[misc]
    """Arguments as `LookUp.arguments` -> the column `name` of the row that they find, or null."""

    def __init__(self, spec: LookUp, catalog: CatalogAddress, name: str) -> None:
        self._spec, self._catalog, self._name = spec, catalog, name

    def open(self, function_context: FunctionContext) -> None:  # noqa: ARG002 - Flink's signature
        """Acquire the table. Raises RuntimeError if it cannot be read."""
        self._search = _search(self._spec)
        self._search.open(self._catalog)

    def close(self) -> None:
        """Release the table."""
        self._search.close(self._catalog)

    def is_deterministic(self) -> bool:
        """Return False: the table changes, so Flink must neither repeat a call nor replace it by its result."""
        return False

    def eval(self, *arguments: Any) -> ArrowColumn:
        """Return the column for one batch of rows."""
        return ArrowColumn(self._search.column(self._name, arguments))


class _Search:
    """The table of a look-up in this process, and the last batch that was looked up."""

    def __init__(self, spec: LookUp) -> None:
        self._spec = spec
        empty = LookUpTable.of(spec, pa.table({name: pa.array([], arrow_type(kind)) for name, kind in spec.kinds}))
        self._kept = Kept(spec.table, spec.columns, lambda rows: LookUpTable.of(spec, rows), empty)
        self._last: tuple[tuple[Any, ...], LookUpTable, Positions] | None = None

    def open(self, catalog: CatalogAddress) -> None:
        self._cache = table_cache.acquire(catalog, self._kept, self._spec.refresh.total_seconds())

    def close(self, catalog: CatalogAddress) -> None:
        table_cache.release(catalog, self._kept, self._spec.refresh.total_seconds())

    def column(self, name: str, arguments: tuple[Any, ...]) -> pa.Array:
        """Return a column for the arguments of a batch. All columns of one batch are of the same state of the table."""
        last = self._last  # read and set as one value: two threads may share a search
        if last is None or not all(a is b for a, b in zip(last[0], arguments, strict=True)):
            table = self._cache.rows
            arrays = _arrays(arguments, [arrow_type(kind) for kind in self._spec.arguments])
            last = self._last = arguments, table, table.find(arrays)
        return last[1].take(name, last[2])


@cache
def _search(spec: LookUp) -> _Search:
    return _Search(spec)


def functions(spec: LookUp, catalog: CatalogAddress) -> dict[str, UserDefinedScalarFunctionWrapper]:
    """Return the SQL function of each column that the look-up takes, by column; the table is read from `catalog`."""
    kinds = dict(spec.kinds)
    return {
        name: udf(
            LookUpColumn(spec, catalog, name),
            input_types=[_type(kind) for kind in spec.arguments],
            result_type=_type(kinds[name]),
            func_type="pandas",
            deterministic=False,
        )
        for name in spec.take
    }


def _arrays(arguments: Sequence[Any], types: Sequence[pa.DataType]) -> list[pa.Array]:
    """Return the arguments of a batch as arrays: columns, results of nested calls, and constants from the SQL."""
    rows = next((len(each) for each in arguments if isinstance(each, pd.Series | ArrowColumn)), None)
    if rows is None:
        raise ValueError("all columns that are looked up are constants: write the result itself in the SQL")
    return [_array(argument, kind, rows) for argument, kind in zip(arguments, types, strict=True)]


def _array(argument: Any, kind: pa.DataType, rows: int) -> pa.Array:
    if isinstance(argument, ArrowColumn):
        values = pa.array(argument).cast(kind)
    elif isinstance(argument, pd.Series):
        values = pa.array(argument, kind, from_pandas=True)
    else:
        values = pa.repeat(pa.scalar(argument, kind), rows)
    if not pa.types.is_int64(kind):
        return values
    return pc.if_else(pc.equal(values, NO_LONG), pa.scalar(None, kind), values)


def _type(kind: Kind) -> DataType:
    if kind.startswith("decimal"):
        decimal = arrow_type(kind)
        return DataTypes.DECIMAL(decimal.precision, decimal.scale)
    return _TYPES[kind]
