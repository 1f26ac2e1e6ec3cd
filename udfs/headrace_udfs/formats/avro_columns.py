"""Conversion of the values that a contract reads from Avro records: whole columns of Python values to Arrow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from headrace_udfs import times
from headrace_udfs.arrays import spread
from headrace_udfs.faults import Code, Fault, shown
from headrace_udfs.formats.avro_schema import AvroSchema, Branch, Unfit
from headrace_udfs.formats.exact import EXACT
from headrace_udfs.formats.json_leaves import Leaf
from headrace_udfs.types import ARROW, TS

Read = tuple[pa.Array, dict[int, Fault]]
"""An array, and the faults by position."""

_PYTHON: dict[str, type] = {
    "boolean": bool, "int": int, "long": int, "float": float, "double": float, "bytes": bytes, "fixed": bytes,
    "string": str, "enum": str,
}  # fmt: skip
_UNITS = {"timestamp-millis": "epoch_ms", "timestamp-micros": "epoch_us", "timestamp-nanos": "epoch_ns"}
_MICROS = {"epoch_s": (10**6, 1), "epoch_ms": (10**3, 1), "epoch_us": (1, 1), "epoch_ns": (1, 10**3)}
_NOT_A_RECORD = object()  # a value on the path, before its end, is not a record


class Target(NamedTuple):
    """A column of the contract. `unit` is the contract's unit of `ts`, used if the schema does not define it."""

    leaf: Leaf
    unit: str | None = None

    @property
    def kind(self) -> str:
        """The contract type of the column."""
        kind = self.leaf.kind
        return "timestamp" if self.leaf.column == TS else "string" if kind == "word" else kind

    @property
    def array(self) -> pa.DataType:
        """The Arrow type of the column."""
        return ARROW[self.kind]  # type: ignore[index]  # only ts is of the kinds instant and ticks


class Column:
    """Reads one column of the contract from records of one schema."""

    def __init__(self, target: Target, schema: AvroSchema) -> None:
        """Choose a reader per type of value. Raises Unfit if the schema has no value of the column's type."""
        self._target, self._leaf = target, target.leaf
        self._readers: dict[type, Callable[[Any], Read]] = {}
        meanings: dict[type, Branch] = {}
        branches = schema.at(self._leaf.path)
        for branch in branches:
            kind, reader = _PYTHON.get(branch.type, dict), _reader(target, branch)
            if meanings.setdefault(kind, branch)[1:] != branch[1:] and (reader or kind in self._readers):
                raise Unfit(f"{self._leaf.column}: {meanings[kind]} and {branch} cannot be distinguished")
            if reader:
                self._readers[kind] = reader
        where = f"'{'.'.join(self._leaf.path)}'"
        if not branches and self._leaf.required:
            raise Unfit(f"{self._leaf.column}: required, but the schema has no {where}")
        if branches and not self._readers:
            types = " or ".join(map(str, branches))
            raise Unfit(f"{self._leaf.column}: expected a {target.kind}, but {where} is {types} in the schema")

    def read(self, records: Sequence[Any]) -> Read:
        """Return the column of the records, and the faults by position; the value at a fault is undefined."""
        values = records
        for key in self._leaf.path:
            values = [v.get(key) if type(v) is dict else None if v is None else _NOT_A_RECORD for v in values]
        kinds = {*map(type, values)}
        if len(kinds) == 1:
            return self._read(kinds.pop(), values)
        arrays, where = [pa.nulls(0, self._target.array)], []
        faults: dict[int, Fault] = {}
        for kind in kinds:
            at = [i for i, value in enumerate(values) if type(value) is kind]
            array, kind_faults = self._read(kind, [values[i] for i in at])
            arrays.append(array)
            where += at
            faults |= {at[i]: fault for i, fault in kind_faults.items()}
        return spread(pa.concat_arrays(arrays), np.array(where, np.int64), len(values)), faults

    def _read(self, kind: type, values: Sequence[Any]) -> Read:
        """Return the same for values that are all of one Python type."""
        if reader := self._readers.get(kind):
            return reader(values)
        nulls = pa.nulls(len(values), self._target.array)
        if kind is not type(None):
            return nulls, {i: self._wrong(value) for i, value in enumerate(values)}
        if not self._leaf.required:
            return nulls, {}
        missing = Fault(Code.NULL_FIELD, f"{self._leaf.column}: a {self._target.kind} is required, found null")
        if self._leaf.column == TS:
            missing = Fault(Code.TIME_MISSING, "the time is null")
        return nulls, dict.fromkeys(range(len(values)), missing)

    def _wrong(self, value: Any) -> Fault:
        code = Code.TIME_INVALID if self._leaf.column == TS else Code.WRONG_TYPE
        actual = "a value on the path that is not a record" if value is _NOT_A_RECORD else shown(value)
        return Fault(code, f"{self._leaf.column}: expected a {self._target.kind}, found {actual}")


def _reader(target: Target, branch: Branch) -> Callable[[Any], Read] | None:
    """Return the function that reads values of the branch; None if the column cannot have their type."""
    name = target.leaf.column
    match target.kind, branch.type:
        case ("string", "string" | "enum") | ("boolean", "boolean") | ("long", "int" | "long"):
            return lambda values: (pa.array(values, target.array), {})
        case "double", "float" | "double":
            return partial(_doubles, name)
        case "double", "int" | "long":
            return partial(_exact, name)
        case "double", "bytes" | "fixed" if branch.logical == "decimal":
            return partial(_decimals, name, branch.scale)
        case "timestamp", "string" if target.unit in {None, "iso8601"}:
            return partial(_texts, name)
        case "timestamp", "int" | "long" if unit := _unit(target, branch):
            return partial(_ticks, name, unit)
        case "timestamp", "float" | "double" if target.unit in {"epoch_s", "epoch_ms"}:
            return partial(_instants, name, target.unit)
    return None


def _unit(target: Target, branch: Branch) -> str | None:
    """Return the unit of a whole number by the schema or else by the contract; None if it is not a time."""
    if branch.logical and "timestamp" in branch.logical:
        return _UNITS.get(branch.logical)  # a local timestamp does not identify an instant
    return target.unit if target.unit in _MICROS else None


def _doubles(name: str, values: list[float]) -> Read:
    array = pa.array(values, ARROW["double"])
    faults = {}
    for i in np.flatnonzero(~np.isfinite(array.to_numpy())).tolist():
        code = Code.NAN if values[i] != values[i] else Code.INFINITY
        faults[i] = Fault(code, f"{name}: {values[i]} cannot be stored; send null")
    return array, faults


def _exact(name: str, values: list[int]) -> Read:
    whole = np.array(values, np.int64)
    faults = {
        i: Fault(Code.INTEGER_TOO_LARGE, f"{name}: a double cannot hold {values[i]} exactly (over 2^53)")
        for i in np.flatnonzero((whole > EXACT) | (whole < -EXACT)).tolist()
    }
    return pa.array(whole.astype(np.float64)), faults


def _decimals(name: str, scale: int, values: list[bytes]) -> Read:
    numbers: list[float | None] = []
    faults = {}
    for i, value in enumerate(values):
        try:
            numbers.append(int.from_bytes(value, "big", signed=True) / 10**scale)
        except OverflowError:
            numbers.append(None)
            faults[i] = Fault(Code.NUMBER_OVERFLOW, f"{name}: the number is too large for a double (1.8e308)")
    return pa.array(numbers, ARROW["double"]), faults


def _texts(name: str, values: list[str]) -> Read:
    array, faults = times.from_iso8601(pa.array(values, pa.string()))
    return array, {i: Fault(fault.code, f"{name}: {fault.message}") for i, fault in faults.items()}


def _ticks(name: str, unit: str, values: list[int]) -> Read:
    ticks = np.array(values, np.int64)
    times_, over = _MICROS[unit]
    outside = (ticks > times.LAST * over // times_) | (ticks < times.FIRST * over // times_)
    micros = np.where(outside, 0, ticks) * times_ // over
    return _on_calendar(name, micros, outside, values)


def _instants(name: str, unit: str, values: list[float]) -> Read:
    instants = np.array(values)
    micros = times.from_epoch(pa.array(np.where(np.isfinite(instants), instants, np.inf)), unit)
    return _on_calendar(name, micros, (micros > times.LAST) | (micros < times.FIRST), values)


def _on_calendar(name: str, micros: times.Micros, outside: Any, values: Sequence[float]) -> Read:
    faults = {
        i: Fault(Code.TIME_INVALID, f"{name}: {values[i]} is not within the years 1 to 9999")
        for i in np.flatnonzero(outside).tolist()
    }
    return pa.array(micros, mask=outside).view(ARROW["timestamp"]), faults
