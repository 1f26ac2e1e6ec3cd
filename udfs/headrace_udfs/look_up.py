"""Look up rows of a small table, by columns that are equal and by an interval that holds a number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self

import numpy as np
import pyarrow as pa

from headrace_udfs.arrays import Doubles, Positions
from headrace_udfs.intervals import Flags, Intervals, Numbers

_NONE = -1

NO_LONG = -(2**63) + 1
"""The long that Flink passes instead of a null."""

Kind = str
"""The type of a column: string, double, float, long, int, boolean, timestamp, date, binary or decimal(<p>, <s>)."""

_ARROW: Mapping[Kind, pa.DataType] = {
    "string": pa.string(),
    "double": pa.float64(),
    "float": pa.float32(),
    "long": pa.int64(),
    "int": pa.int32(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us"),
    "date": pa.date32(),
    "binary": pa.binary(),
}


@dataclass(frozen=True)
class LookUp:
    """What is looked up: `take` of the row of `table` whose columns `by` are equal and whose interval holds a number.

    low, high: the columns with the bounds of the interval, a null for an open one; None if there is none. closed:
    whether `high` itself is in the interval. kinds: the types of all these columns. refresh: how long a worker may go
    without looking whether the table has changed.
    """

    table: str
    by: tuple[str, ...]
    low: str | None
    high: str | None
    closed: bool
    take: tuple[str, ...]
    kinds: tuple[tuple[str, Kind], ...]
    refresh: timedelta

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the table that are read."""
        return tuple(name for name, _ in self.kinds)

    @property
    def arguments(self) -> list[Kind]:
        """The types of the arguments: of `by`, then of the number that an interval is to hold."""
        kinds = dict(self.kinds)
        return [kinds[name] for name in (*self.by, *([self.low] if self.low else []))]


def arrow_type(kind: Kind) -> pa.DataType:
    """Return the Arrow type of a type; a timestamp has no zone and is in UTC."""
    if kind.startswith("decimal"):
        precision, scale = (int(each) for each in kind.removeprefix("decimal(").removesuffix(")").split(","))
        return pa.decimal128(precision, scale)
    return _ARROW[kind]


@dataclass(frozen=True)
class LookUpTable:
    """The rows of a table, ready to be looked up.

    columns: those of the look-up, row by row, sorted by their values, so that equal tables give equal results. keys:
    numbers the combinations of `by`. used: the rows with a value in each column of `by`; without intervals, the last
    one of each combination.
    """

    columns: Mapping[str, pa.Array]
    keys: _Keys
    used: Positions
    intervals: Intervals | None

    @classmethod
    def of(cls, spec: LookUp, rows: pa.Table) -> Self:
        """Return the table of these rows, which has the columns of the look-up. A null in `by` is equal to nothing."""
        kinds = dict(spec.kinds)
        table = pa.table({name: _plain(rows[name], kinds[name]) for name in spec.columns})
        table = table.sort_by([(name, "ascending") for name in spec.columns]).combine_chunks()
        columns = {name: _whole(table[name]) for name in spec.columns}
        keys, groups = _Keys.of([columns[name] for name in spec.by], len(table))
        used = np.flatnonzero(groups >= 0)
        if spec.low is None or spec.high is None:
            last = np.zeros(keys.count, np.int64)
            last[groups[used]] = used
            return cls(columns, keys, last, None)
        low, high = (columns[name].take(pa.array(used)) for name in (spec.low, spec.high))
        missing = _missing(low), _missing(high)
        found = Intervals.of(groups[used], _numbers(low), _numbers(high), missing, closed=spec.closed)
        return cls(columns, keys, used, found)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(next(iter(self.columns.values())))

    def find(self, arguments: Sequence[pa.Array]) -> Positions:
        """Return the row of each combination of arguments, as `LookUp.arguments` orders them; -1 for none."""
        groups = self.keys.find(arguments[: self.keys.width], len(arguments[0]))
        if self.intervals is not None:
            number = arguments[-1]
            groups = self.intervals.find(np.where(_missing(number), _NONE, groups), _numbers(number))
        return np.where(groups >= 0, self.used[groups], _NONE) if len(self.used) else np.full(len(groups), _NONE)

    def take(self, name: str, positions: Positions) -> pa.Array:
        """Return the column's values in these rows, null where the position is -1."""
        return self.columns[name].take(pa.array(positions, mask=positions < 0))


@dataclass(frozen=True)
class _Keys:
    """Numbers the combinations of values of columns, from 0.

    codes: the number of each value of each column. levels: the numbers of the combinations of the columns so far, as
    number of the combination before * number of values + number of the value, rising.
    """

    codes: tuple[Mapping[Any, int], ...]
    levels: tuple[Positions, ...]

    @classmethod
    def of(cls, columns: Sequence[pa.Array], rows: int) -> tuple[Self, Positions]:
        """Return the numbering of what the columns hold, and the number of each row, -1 if it has a null."""
        codes, levels = [], list[Positions]()
        groups = np.zeros(rows, np.int64)
        for column in columns:
            values = {value: i for i, value in enumerate(column.unique().drop_null().to_pylist())}
            combined = _extended(groups, column, values)
            level, positions = np.unique(combined[combined >= 0], return_inverse=True)
            groups = np.full(rows, _NONE)
            groups[combined >= 0] = positions
            codes.append(values)
            levels.append(level)
        return cls(tuple(codes), tuple(levels)), groups

    @property
    def width(self) -> int:
        """The number of columns."""
        return len(self.codes)

    @property
    def count(self) -> int:
        """The number of combinations; one without columns."""
        return len(self.levels[-1]) if self.levels else 1

    def find(self, columns: Sequence[pa.Array], rows: int) -> Positions:
        """Return the number of each row's combination, -1 for one that is not known or has a null."""
        groups = np.zeros(rows, np.int64)
        for column, values, level in zip(columns, self.codes, self.levels, strict=True):
            combined = _extended(groups, column, values)
            at = np.searchsorted(level, combined)
            there = at < len(level)
            there[there] = level[at[there]] == combined[there]
            groups = np.where(there & (combined >= 0), at, _NONE)
        return groups


def _extended(groups: Positions, column: pa.Array, values: Mapping[Any, int]) -> Positions:
    encoded = column.dictionary_encode()
    of = np.array([*(values.get(value, _NONE) for value in encoded.dictionary.to_pylist()), _NONE], np.int64)
    codes = of[encoded.indices.fill_null(len(of) - 1).to_numpy()]
    return np.where((groups < 0) | (codes < 0), _NONE, groups * max(len(values), 1) + codes)


def _plain(column: pa.ChunkedArray, kind: Kind) -> pa.ChunkedArray:
    if kind == "timestamp":
        column = column.cast(pa.timestamp("us", "UTC"))
        return column.cast(pa.int64()).cast(pa.timestamp("us"))
    return column.cast(arrow_type(kind))


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks or [pa.array([], column.type)])


def _numbers(values: pa.Array) -> Numbers:
    """Return the numbers of an array, 0 for null and NaN: an int64 array, or a float64 array for doubles."""
    if pa.types.is_floating(values.type):
        fractions: Doubles = values.cast(pa.float64()).fill_null(0).to_numpy()
        return np.nan_to_num(fractions, posinf=np.inf, neginf=-np.inf)
    if not pa.types.is_integer(values.type):
        values = values.cast(pa.int32()) if pa.types.is_date(values.type) else values.cast(pa.int64())
    whole: Numbers = values.cast(pa.int64()).fill_null(0).to_numpy()
    return whole


def _missing(values: pa.Array) -> Flags:
    missing: Flags = values.is_null(nan_is_null=True).to_numpy(zero_copy_only=False)
    return missing
