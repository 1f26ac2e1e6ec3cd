"""A function whose results a network in an ONNX file computes, row by row.

Rows are run in batches of one size, which the last one is filled up to, so that a row has the same bits in whatever
company it comes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from headrace_udfs.argument_types import arrow_type
from headrace_udfs.onnx_session import UnusableNetworkError, first_line, session
from headrace_udfs.step_protocol import Columns

ROWS = 64

Matrix = npt.NDArray[np.float64]
Names = Mapping[str, Sequence[str]]

_TYPES = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
}
_NUMBERS = ("double", "long", "boolean")


@dataclass(frozen=True)
class NetworkUse:
    """The file of a network, and the arguments and results that are the columns of its inputs and outputs, in order.

    Without names, all arguments are the columns of its only input, and all results those of its only output.
    """

    file: str
    inputs: Names
    outputs: Names


class NetworkFunction:
    """A network as a function of columns. Raises UnusableNetworkError if it does not fit the types declared."""

    def __init__(self, file: bytes, use: NetworkUse, inputs: Mapping[str, str], outputs: Mapping[str, str]) -> None:
        self._session = session(file)
        given, answered = self._session.get_inputs(), self._session.get_outputs()
        self._inputs = _mapped("input", given, use.inputs, list(inputs))
        self._outputs = _mapped("output", answered, use.outputs, list(outputs))
        for name, kind in {**inputs, **outputs}.items():
            if kind.removeprefix("array<").removesuffix(">") not in _NUMBERS:
                raise UnusableNetworkError(f"'{name}' is of the type {kind}; a network takes and returns numbers")
        self._types = {one.name: _number_type(one) for one in [*given, *answered] if one.name in self._used}
        self._widths = {one.name: _width(one) for one in given}
        self._results = dict(outputs)

    @property
    def _used(self) -> set[str]:
        return {*self._inputs, *self._outputs}

    def __call__(self, **columns: pa.Array) -> Columns:
        """Return the results. A row with a null, NaN or infinite argument, or an array of another length, is null."""
        matrices = {}
        rows = len(next(iter(columns.values())))
        there = np.ones(rows, bool)
        for tensor, names in self._inputs.items():
            matrix = np.column_stack([_matrix(columns[name], self._widths[tensor], len(names)) for name in names])
            there &= np.isfinite(matrix).all(axis=1)
            matrices[tensor] = matrix
        for matrix in matrices.values():
            matrix[~there] = 0  # a network may look a value up in a table
        return self._named(self._run(matrices, rows), there)

    def _run(self, matrices: Mapping[str, Matrix], rows: int) -> dict[str, Matrix]:
        parts: dict[str, list[Matrix]] = {name: [] for name in self._outputs}
        for at in range(0, rows, ROWS):
            size = min(ROWS, rows - at)
            feed = {}
            for name, matrix in matrices.items():
                batch = np.zeros((ROWS, matrix.shape[1]), self._types[name])
                batch[:size] = matrix[at : at + size]
                feed[name] = batch
            try:
                answers = self._session.run([*parts], feed)
            except Exception as error:  # ONNX Runtime's own errors have no common base
                raise UnusableNetworkError(f"ONNX Runtime cannot run it: {first_line(error)}") from error
            for name, answer in zip(parts, answers, strict=True):
                if len(answer) != ROWS:
                    raise UnusableNetworkError(f"its output {name} has {len(answer)} rows for {ROWS}")
                parts[name].append(answer.reshape(ROWS, -1)[:size].astype(np.float64))
        return {name: np.concatenate(each) if each else np.empty((0, 0)) for name, each in parts.items()}

    def _named(self, answers: Mapping[str, Matrix], there: npt.NDArray[np.bool_]) -> Columns:
        results: dict[str, pa.Array] = {}
        for tensor, names in self._outputs.items():
            matrix = answers[tensor]
            if self._results[names[0]].startswith("array<"):
                results[names[0]] = _arrays(matrix, there, arrow_type(self._results[names[0]]))
                continue
            if there.size and matrix.shape[1] != len(names):
                raise UnusableNetworkError(
                    f"its output {tensor} has {matrix.shape[1]} columns; {len(names)} are declared: {', '.join(names)}"
                )
            for at, name in enumerate(names):
                column = matrix[:, at] if there.size else np.empty(0)
                missing = ~there | ~np.isfinite(column)
                column = np.where(missing, 0, column)
                results[name] = pa.array(column, mask=missing).cast(arrow_type(self._results[name]), safe=False)
        return results


def _mapped(end: str, tensors: Sequence[Any], named: Names, declared: list[str]) -> dict[str, list[str]]:
    known = [one.name for one in tensors]
    if not named:
        if len(known) != 1:
            raise UnusableNetworkError(
                f"it has {len(known)} {end}s, {', '.join(known)}; write the columns of each under network.{end}s"
            )
        return {known[0]: declared}
    if unknown := [name for name in named if name not in known]:
        raise UnusableNetworkError(f"it has no {end} '{unknown[0]}'; it has {', '.join(known)}")
    if end == "input" and (unfed := [name for name in known if name not in named]):
        raise UnusableNetworkError(f"its input '{unfed[0]}' is not under network.inputs")
    return {name: list(columns) for name, columns in named.items()}


def _number_type(one: Any) -> Any:
    if one.type not in _TYPES:
        raise UnusableNetworkError(f"'{one.name}' is a {one.type}; known are {', '.join(_TYPES)}")
    if not one.shape or isinstance(one.shape[0], int):
        raise UnusableNetworkError(f"the first dimension of '{one.name}' must be free: one row is one row of SQL")
    return _TYPES[one.type]


def _width(one: Any) -> int | None:
    return one.shape[1] if len(one.shape) > 1 and isinstance(one.shape[1], int) else None


def _matrix(column: pa.Array, width: int | None, columns: int) -> Matrix:
    """Return float64 [rows, n], with NaN where an argument is missing; an array argument has n = its length."""
    if not pa.types.is_list(column.type):
        plain = column.cast(pa.int64()) if pa.types.is_boolean(column.type) else column
        values: Matrix = pc.cast(plain, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        return values.reshape(-1, 1)
    lengths = pc.list_value_length(column)
    length = width if width and columns == 1 else max(filter(None, lengths.to_pylist()), default=0)
    fits = pc.equal(lengths, length).fill_null(False)
    matrix = np.full((len(column), length), np.nan)
    flat = pc.list_flatten(column.filter(fits)).cast(pa.float64(), safe=False)
    matrix[fits.to_numpy(zero_copy_only=False)] = flat.to_numpy(zero_copy_only=False).reshape(-1, length)
    return matrix


def _arrays(matrix: Matrix, there: npt.NDArray[np.bool_], kind: pa.DataType) -> pa.Array:
    rows = [row.tolist() if known else None for row, known in zip(matrix, there, strict=True)]
    return pa.array(rows, pa.list_(pa.float64())).cast(kind, safe=False)
