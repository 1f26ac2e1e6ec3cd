"""The values that a contract reads from Avro records: whole columns of Python values into Arrow."""

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
from headrace_udfs.formats.json_exact import EXACT
from headrace_udfs.formats.json_leaves import Leaf
from headrace_udfs.types import ARROW, TS

Read = tuple[pa.Array, dict[int, Fault]]

_PYTHON: dict[str, type] = {
    "boolean": bool, "int": int, "long": int, "float": float, "double": float, "bytes": bytes, "fixed": bytes,
    "string": str, "enum": str,
}  # fmt: skip
_UNITS = {"timestamp-millis": "epoch_ms", "timestamp-micros": "epoch_us", "timestamp-nanos": "epoch_ns"}
_MICROS = {"epoch_s": (10**6, 1), "epoch_ms": (10**3, 1), "epoch_us": (1, 1), "epoch_ns": (1, 10**3)}
# Microseconds since 1970 of the years 1 and 9999.
_FIRST, _LAST = -62_135_596_800_000_000, 253_402_300_799_999_999
_ASTRAY = object()  # no record stands where the path goes on


class Wanted(NamedTuple):
    """A column of the contract. `unit` is that of a time that the schema says no more of."""

    leaf: Leaf
    unit: str | None = None

    @property
    def kind(self) -> str:
        return "timestamp" if self.leaf.column == TS else self.leaf.kind

    @property
    def array(self) -> pa.DataType:
        return ARROW[self.kind]  # type: ignore[index]  # instants and ticks are those of ts


class Column:
    """What one schema has for one column of the contract. Raises Unfit where that is nothing of its type."""

    def __init__(self, wanted: Wanted, schema: AvroSchema) -> None:
        self._wanted, self._leaf = wanted, wanted.leaf
        self._readers: dict[type, Callable[[Any], Read]] = {}
        meanings: dict[type, Branch] = {}
        branches = schema.at(self._leaf.path)
        for branch in branches:
            kind, reader = _PYTHON.get(branch.type, dict), _reader(wanted, branch)
            if meanings.setdefault(kind, branch)[1:] != branch[1:] and (reader or kind in self._readers):
                raise Unfit(f"{self._leaf.column}: {meanings[kind]} and {branch} cannot be told apart")
            if reader:
                self._readers[kind] = reader
        where = f"'{'.'.join(self._leaf.path)}'"
        if not branches and self._leaf.required:
            raise Unfit(f"{self._leaf.column}: required, and the schema has no {where}")
        if branches and not self._readers:
            found = " or ".join(map(str, branches))
            raise Unfit(f"{self._leaf.column}: a {wanted.kind} is wanted, and {where} is {found} in the schema")

    def read(self, records: Sequence[Any]) -> Read:
        """The column of the records, and what is wrong by position; it means nothing there."""
        values = records
        for key in self._leaf.path:
            values = [v.get(key) if type(v) is dict else None if v is None else _ASTRAY for v in values]
        kinds = {*map(type, values)}
        if len(kinds) == 1:
            return self._read(kinds.pop(), values)
        arrays, where = [pa.nulls(0, self._wanted.array)], []
        faults: dict[int, Fault] = {}
        for kind in kinds:
            at = [i for i, value in enumerate(values) if type(value) is kind]
            array, found = self._read(kind, [values[i] for i in at])
            arrays.append(array)
            where += at
            faults |= {at[i]: fault for i, fault in found.items()}
        return spread(pa.concat_arrays(arrays), np.array(where, np.int64), len(values)), faults

    def _read(self, kind: type, values: Sequence[Any]) -> Read:
        """The same of values that are all of one kind."""
        if reader := self._readers.get(kind):
            return reader(values)
        nulls = pa.nulls(len(values), self._wanted.array)
        if kind is not type(None):
            return nulls, {i: self._wrong(value) for i, value in enumerate(values)}
        if not self._leaf.required:
            return nulls, {}
        missing = Fault(Code.NULL_FIELD, f"{self._leaf.column}: a {self._wanted.kind} is required, found null")
        if self._leaf.column == TS:
            missing = Fault(Code.TIME_MISSING, "the time is null")
        return nulls, dict.fromkeys(range(len(values)), missing)

    def _wrong(self, value: Any) -> Fault:
        code = Code.TIME_INVALID if self._leaf.column == TS else Code.WRONG_TYPE
        found = "no record on the way to it" if value is _ASTRAY else shown(value)
        return Fault(code, f"{self._leaf.column}: a {self._wanted.kind} is wanted, found {found}")


def _reader(wanted: Wanted, branch: Branch) -> Callable[[Any], Read] | None:
    """What reads values of the branch for the column; None where they are not of its type."""
    name = wanted.leaf.column
    match wanted.kind, branch.type:
        case ("string", "string" | "enum") | ("boolean", "boolean") | ("long", "int" | "long"):
            return lambda values: (pa.array(values, wanted.array), {})
        case "double", "float" | "double":
            return partial(_doubles, name)
        case "double", "int" | "long":
            return partial(_exact, name)
        case "double", "bytes" | "fixed" if branch.logical == "decimal":
            return partial(_decimals, name, branch.scale)
        case "timestamp", "string" if wanted.unit in {None, "iso8601"}:
            return partial(_texts, name)
        case "timestamp", "int" | "long" if unit := _unit(wanted, branch):
            return partial(_ticks, name, unit)
        case "timestamp", "float" | "double" if wanted.unit in {"epoch_s", "epoch_ms"}:
            return partial(_instants, name, wanted.unit)
    return None


def _unit(wanted: Wanted, branch: Branch) -> str | None:
    """What the schema says of a whole number, else what the contract does."""
    if branch.logical and "timestamp" in branch.logical:
        return _UNITS.get(branch.logical)  # a local one names no instant
    return wanted.unit if wanted.unit in _MICROS else None


def _doubles(name: str, values: list[float]) -> Read:
    array = pa.array(values, ARROW["double"])
    faults = {}
    for i in np.flatnonzero(~np.isfinite(array.to_numpy())).tolist():
        code = Code.NAN if values[i] != values[i] else Code.INFINITY
        faults[i] = Fault(code, f"{name}: {values[i]} is no number to keep; send null")
    return array, faults


def _exact(name: str, values: list[int]) -> Read:
    whole = np.array(values, np.int64)
    faults = {
        i: Fault(Code.INTEGER_TOO_LARGE, f"{name}: a double does not hold {values[i]} exactly (over 2^53)")
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
            faults[i] = Fault(Code.NUMBER_OVERFLOW, f"{name}: the number is beyond what a double holds (1.8e308)")
    return pa.array(numbers, ARROW["double"]), faults


def _texts(name: str, values: list[str]) -> Read:
    array, faults = times.from_iso8601(pa.array(values, pa.string()))
    return array, {i: Fault(fault.code, f"{name}: {fault.message}") for i, fault in faults.items()}


def _ticks(name: str, unit: str, values: list[int]) -> Read:
    ticks = np.array(values, np.int64)
    times_, over = _MICROS[unit]
    outside = (ticks > _LAST * over // times_) | (ticks < _FIRST * over // times_)
    micros = np.where(outside, 0, ticks) * times_ // over
    return _on_calendar(name, micros, outside, values)


def _instants(name: str, unit: str, values: list[float]) -> Read:
    instants = np.array(values)
    micros = times.from_epoch(pa.array(np.where(np.isfinite(instants), instants, np.inf)), unit)
    return _on_calendar(name, micros, (micros > _LAST) | (micros < _FIRST), values)


def _on_calendar(name: str, micros: times.Micros, outside: Any, values: Sequence[float]) -> Read:
    faults = {
        i: Fault(Code.TIME_INVALID, f"{name}: {values[i]} is not within the years 1 to 9999")
        for i in np.flatnonzero(outside).tolist()
    }
    return pa.array(micros, mask=outside).view(ARROW["timestamp"]), faults
