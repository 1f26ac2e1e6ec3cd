"""Compare the rows of a sink with the expected rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from headrace.planner.in_process.values import Row


@dataclass(frozen=True)
class Difference:
    """The rows of one sink that differ from the expected ones, in the expected file's `columns`.

    `missing` rows were expected but not written, `extra` rows were written but not expected. The two lists have the
    same length: each index holds a missing row and the extra row most similar to it, or None for either. If the order
    counts and the numbers of rows are equal, each index holds the two rows of one position instead.
    """

    sink: str
    columns: tuple[str, ...]
    missing: tuple[Row | None, ...]
    extra: tuple[Row | None, ...]


def difference(
    sink: str,
    columns: Sequence[str],
    expected: Sequence[Row],
    actual: Sequence[Row],
    *,
    ordered: bool,
    tolerance: float,
) -> Difference | None:
    """Return the difference, or None if the rows are equal and, if `ordered`, in the same order.

    Doubles may differ by the relative `tolerance`.
    """
    got = [{name: row.get(name) for name in columns} for row in actual]
    missing: list[Row | None] = []
    left = list(got)
    if ordered and len(got) == len(expected):
        pairs = [(e, g) for e, g in zip(expected, got, strict=True) if not _same(e, g, columns, tolerance)]
        return _difference(sink, columns, [e for e, _ in pairs], [g for _, g in pairs]) if pairs else None
    for row in expected:
        match = next((i for i, other in enumerate(left) if _same(row, other, columns, tolerance)), None)
        if match is None:
            missing.append(row)
        else:
            del left[match]
    return _difference(sink, columns, *_paired(missing, left, columns, tolerance)) if missing or left else None


def _difference(
    sink: str, columns: Sequence[str], missing: Sequence[Row | None], extra: Sequence[Row | None]
) -> Difference:
    return Difference(sink, tuple(columns), tuple(missing), tuple(extra))


def _paired(
    missing: Sequence[Row | None], extra: Sequence[Row], columns: Sequence[str], tolerance: float
) -> tuple[list[Row | None], list[Row | None]]:
    """Pair each missing row with the extra row that agrees in most columns, then append the remaining extra rows."""
    left = list(extra)
    nearest: list[Row | None] = []
    for row in missing:
        agreeing = [sum(_equal(row.get(n), other.get(n), tolerance) for n in columns) for other in left] if row else []
        best = max(range(len(left)), key=agreeing.__getitem__, default=None)
        nearest.append(left.pop(best) if best is not None and agreeing[best] else None)
    return [*missing, *(None for _ in left)], [*nearest, *left]


def _same(expected: Row, actual: Row, columns: Sequence[str], tolerance: float) -> bool:
    return all(_equal(expected.get(name), actual.get(name), tolerance) for name in columns)


def _equal(expected: Any, actual: Any, tolerance: float) -> bool:
    if isinstance(expected, float) and isinstance(actual, float):
        both_nan = math.isnan(expected) and math.isnan(actual)
        return both_nan or math.isclose(expected, actual, rel_tol=tolerance, abs_tol=1e-300)
    return bool(expected == actual)


def cells_that_differ(expected: Row, actual: Row, columns: Sequence[str], tolerance: float) -> set[str]:
    """Return the columns in which two rows differ."""
    return {name for name in columns if not _equal(expected.get(name), actual.get(name), tolerance)}
