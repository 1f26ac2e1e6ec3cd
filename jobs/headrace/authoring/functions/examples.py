"""The example of a function: its rows are computed, and compared with what function.yaml says."""

from __future__ import annotations

import math
import time
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import shorten
from typing import Any

import pyarrow as pa

from headrace.errors import Place, Problem, UserError
from headrace.planner import own_functions
from headrace.project import function_files, yaml_file
from headrace.project.function_kinds import Argument, FunctionFile
from headrace.project.paths import Project
from headrace_udfs.argument_types import arrow_type
from headrace_udfs.onnx_session import UnusableNetworkError
from headrace_udfs.own_function import MODULE, FunctionFaultError, OwnFunction
from headrace_udfs.step_protocol import Columns

TOLERANCE = 1e-6
"""How far a result may be from the one in function.yaml, relative to it."""


@dataclass(frozen=True)
class Example:
    """The outcome of an example: the results of its rows, or what is wrong with them."""

    name: str
    seconds: float
    results: list[dict[str, Any]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether each row has the results that function.yaml says."""
        return not self.problems


def run(project: Project, name: str) -> Example:
    """Compute the example of the function `name`. Faults of its files are problems of the outcome."""
    since = time.monotonic()
    try:
        file = function_files.load(project, name)
        path = function_files.folder(project, name) / function_files.FILE
        columns, expected = _columns(path, file)
        results = _results(path, own_functions.described(project, name), columns)
    except UserError as error:
        return Example(name, time.monotonic() - since, problems=error.problems)
    return Example(name, time.monotonic() - since, results, [*_differences(path, file, results, expected)])


def _columns(path: Path, file: FunctionFile) -> tuple[Columns, list[dict[str, Any]]]:
    """Return the arguments as columns, and the results of each row. Raises UserError for values of another type."""
    problems: list[Problem] = []
    expected = []
    for at, row in enumerate(file.example):
        problems += _unfit(path, ("example", at, "given"), row.given, file.inputs)
        several = len(file.outputs) > 1
        gives = row.gives if several else {next(iter(file.outputs)): row.gives}
        if several and not isinstance(gives, dict):
            where = yaml_file.place(path, ("example", at, "gives"))
            fix = f"write gives: {{{', '.join(f'{each}: ...' for each in file.outputs)}}}"
            problems.append(Problem("a function of several outputs gives a value for each", where, fix))
            continue
        location = ("example", at, "gives") if several else ("example", at)
        problems += _unfit(path, location, gives, file.outputs, "gives" if not several else "")
        expected.append(gives)
    if problems:
        raise UserError(problems)
    return {
        name: pa.array([plain(row.given[name], argument.type) for row in file.example], arrow_type(argument.type))
        for name, argument in file.inputs.items()
    }, [{name: _typed(row[name], argument.type) for name, argument in file.outputs.items()} for row in expected]


def _unfit(
    path: Path, location: tuple[str | int, ...], row: Mapping[str, Any], declared: Mapping[str, Argument], key: str = ""
) -> Iterator[Problem]:
    for name, argument in declared.items():
        where = yaml_file.place(path, (*location, key or name))
        if name not in row:
            yield Problem(f"the row has no '{name}'", where, f"add {name}: ..., or {name}: null")
            continue
        try:
            _typed(row[name], argument.type)
        except (pa.ArrowException, ValueError, TypeError, OverflowError) as error:
            value = shorten(repr(row[name]), 60)
            fix = str(error) if type(error) is ValueError else "write a value of its type"
            yield Problem(f"{name}: {value} is not of the type {argument.type}", where, fix)
    for name in row.keys() - declared.keys():
        where = yaml_file.place(path, (*location, name))
        yield Problem(f"the function has no '{name}'", where, f"it has {', '.join(declared)}")


def plain(value: Any, kind: str) -> Any:
    """Return a value of the file as Arrow takes it: a time is a text there. Raises ValueError for another type."""
    return _plain(value, arrow_type(kind))


def _plain(value: Any, kind: pa.DataType) -> Any:
    if value is None:
        return None
    if pa.types.is_list(kind):
        if not isinstance(value, list):
            raise ValueError("write a list in brackets, like [1.5, 2.0]")
        return [_plain(each, kind.value_type) for each in value]
    if pa.types.is_struct(kind):
        fields = {each.name: each.type for each in kind}
        if not isinstance(value, dict) or value.keys() != fields.keys():
            raise ValueError(f"write {{{', '.join(f'{name}: ...' for name in fields)}}}")
        return {name: _plain(value[name], each) for name, each in fields.items()}
    if pa.types.is_timestamp(kind):
        try:
            return pa.scalar(value, pa.string()).cast(pa.timestamp("us", "UTC")).as_py().replace(tzinfo=None)
        except (pa.ArrowException, TypeError):
            raise ValueError("write a time with its zone, like 2026-01-01T10:00:00Z") from None
    if pa.types.is_floating(kind) and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise ValueError("write a number")
    if pa.types.is_integer(kind) and (isinstance(value, bool) or not isinstance(value, int)):
        raise ValueError("write a whole number")  # Arrow would cut 1.5 off
    return float(value) if pa.types.is_floating(kind) else value


def _typed(value: Any, kind: str) -> Any:
    """Return a value as the function gives it. Raises ValueError and Arrow's errors if it is of another type."""
    return pa.array([plain(value, kind)], arrow_type(kind))[0].as_py()


def _results(path: Path, function: OwnFunction, columns: Columns) -> list[dict[str, Any]]:
    try:
        outputs, errors = function.run(function.open(), columns)
    except FunctionFaultError as error:
        raise UserError(str(error), _place(path, function), "return what function.yaml declares") from None
    except UnusableNetworkError as error:
        where = yaml_file.place(path, ("model",))
        fix = "correct function.yaml, or put another network in its place"
        raise UserError(f"the network cannot be used: {error}", where, fix) from None
    except (Exception, SystemExit) as error:
        what = f"the function fails: {type(error).__name__}: {error}"
        raise UserError(what, _raised_at(path, error), "correct it; a fault of its files stops a job") from None
    if errors:
        what = f"a row of the example fails: {type(errors[0]).__name__}: {errors[0]}"
        fix = "return null for it: a row on which a function raises is null in SQL, and counts as a failure"
        raise UserError(what, _raised_at(path, errors[0]), fix)
    rows: list[dict[str, Any]] = pa.RecordBatch.from_pydict(dict(outputs)).to_pylist()
    return rows


def _place(path: Path, function: OwnFunction) -> Place:
    return Place.of(path, 1) if function.network else Place.of(path.parent / MODULE)


def _raised_at(path: Path, error: BaseException) -> Place:
    """Return the innermost line of the function's own files in the error's traceback."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(path.parent)]
    return Place.of(Path(own[-1].filename), own[-1].lineno or 0) if own else Place.of(path)


def _differences(
    path: Path, file: FunctionFile, results: list[dict[str, Any]], expected: list[dict[str, Any]]
) -> Iterator[Problem]:
    for at, (result, wanted) in enumerate(zip(results, expected, strict=True)):
        for name in file.outputs:
            if not _equal(result[name], wanted[name]):
                where = yaml_file.place(path, ("example", at, "gives"))
                what = f"example {at + 1}: {name} is {result[name]!r}, not {wanted[name]!r}"
                yield Problem(what, where, "correct the function or the example")


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b, rel_tol=TOLERANCE, abs_tol=1e-12) or (math.isnan(a) and math.isnan(b))
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(_equal, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_equal(a[key], b[key]) for key in a)
    return bool(a == b)
