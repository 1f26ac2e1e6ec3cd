"""Look-ups of small tables that SELECTs ask for, in workers' memory: what is looked up, and the SQL that calls it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import timedelta
from typing import Any

from pyiceberg.types import (
    BinaryType,
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    IntegerType,
    LongType,
    PrimitiveType,
    StringType,
    TimestamptzType,
)

from headrace.compose.invalid_call import InvalidCall
from headrace.compose.sql_text import Sql, ident, literal
from headrace.errors import Problem, did_you_mean
from headrace.project.table import Table
from headrace_udfs.look_up import NO_LONG, Kind, LookUp

INPUT = "look_up__input"
"""The alias of the rows that a look-up adds columns to."""

_KINDS: Mapping[type[PrimitiveType], Kind] = {
    StringType: "string",
    DoubleType: "double",
    FloatType: "float",
    LongType: "long",
    IntegerType: "int",
    BooleanType: "boolean",
    TimestamptzType: "timestamp",
    DateType: "date",
    BinaryType: "binary",
}
_ORDERED = {"double", "float", "long", "int", "timestamp", "date"}


@dataclass(frozen=True)
class Bounds:
    """The columns of a table with the bounds of an interval; closed: whether `high` itself is in it."""

    low: str
    high: str
    closed: bool


@dataclass(frozen=True)
class Asked:
    """What a look-up asks of a table: the columns to take of the row whose columns `by` are equal."""

    by: tuple[str, ...]
    take: tuple[str, ...]
    bounds: Bounds | None


def bounds(at: Any, low: Any, high: Any, closed: Any) -> Bounds:
    """Return the bounds of an interval that is to hold the column `at`. Raises InvalidCall for faults."""
    for parameter, column in (("at", at), ("low", low), ("high", high)):
        if not isinstance(column, str) or not column:
            fix = f"write {parameter}='<column>'"
            raise InvalidCall(Problem(f"{parameter} is {column!r}, and not the name of one column", fix=fix))
    if low == high:
        what = f"low and high are both '{low}', so that no interval has a value"
        raise InvalidCall(Problem(what, fix="name the columns with the two bounds"))
    if not isinstance(closed, bool):
        raise InvalidCall(Problem(f"closed is {closed!r}", fix="write closed=true, or leave it out"))
    return Bounds(low, high, closed)


def look_up(name: str, table: Table, asked: Asked, refresh: timedelta) -> LookUp:
    """Return the look-up in the table `name`. Raises InvalidCall if it lacks a column, or several rows can be meant."""
    by, bounds = asked.by, asked.bounds
    ends = (bounds.low, bounds.high) if bounds else ()
    used = dict.fromkeys([*by, *ends, *asked.take])
    if unknown := [column for column in used if column not in table.columns]:
        fix = did_you_mean(unknown[0], table.columns, "its columns")
        raise InvalidCall(Problem(f"{name} has no column '{unknown[0]}'", fix=fix))
    kinds = {column: _kind(table.columns[column].type) for column in used}
    if bounds is None:
        _require_key(name, table, by)
    elif kinds[bounds.low] not in _ORDERED or kinds[bounds.low] != kinds[bounds.high]:
        what = f"{name}: {bounds.low} is a {kinds[bounds.low]} and {bounds.high} is a {kinds[bounds.high]}"
        raise InvalidCall(Problem(what, fix="the bounds of an interval are two numbers, times or dates, of one type"))
    if uneven := [column for column in by if kinds[column] in ("double", "float")]:
        what = f"{name}: {uneven[0]} is a {kinds[uneven[0]]}, and rarely equal to another one"
        raise InvalidCall(Problem(what, fix="use within(), with two bounds"))
    low, high = ends or (None, None)
    closed = bounds is not None and bounds.closed
    return LookUp(name, by, low, high, closed, asked.take, tuple(kinds.items()), refresh)


def function_of(spec: LookUp, column: str) -> str:
    """Return the name of the SQL function of a column; it stays when only the refresh changes."""
    described = repr(astuple(replace(spec, refresh=timedelta(0))))
    digest = hashlib.sha256(described.encode()).hexdigest()[:8]
    return f"look_up_{spec.table.replace('.', '_')}_{digest}_{column}"


def calls(spec: LookUp, arguments: Sequence[str]) -> list[Sql]:
    """Return the SQL of each column of `take`, looked up with these columns of the rows called INPUT."""
    given = [_argument(f"{INPUT}.{name}", kind) for name, kind in zip(arguments, spec.arguments, strict=True)]
    kinds = dict(spec.kinds)
    found = []
    for column in spec.take:
        call = f"{ident(function_of(spec, column))}({', '.join(given)})"
        found.append(Sql(f"CAST({call} AS TIMESTAMP_LTZ(6))" if kinds[column] == "timestamp" else call))
    return found


def _argument(column: str, kind: Kind) -> Sql:
    if kind == "timestamp":
        return Sql(f"CAST({ident(column)} AS TIMESTAMP(6))")
    if kind == "long":
        # PyFlink makes doubles of whole numbers if there is a null among them, which would find a neighbour's row.
        return Sql(f"COALESCE({ident(column)}, {literal(NO_LONG)})")
    return ident(column)


def _kind(kind: PrimitiveType) -> Kind:
    return f"decimal({kind.precision}, {kind.scale})" if isinstance(kind, DecimalType) else _KINDS[type(kind)]


def _require_key(name: str, table: Table, by: Sequence[str]) -> None:
    if not table.key:
        what = f"{name} has no key, so several rows may be meant"
        raise InvalidCall(Problem(what, fix=f"add key: [...] to sql/_tables/{name}.yaml, or use within()"))
    if {*by} != {*table.key}:
        what = f"the key of {name} is {', '.join(table.key)}, and it is looked up by {', '.join(by)}"
        raise InvalidCall(
            Problem(what, fix=f"write by=[{', '.join(repr(each) for each in table.key)}], or use within()")
        )
