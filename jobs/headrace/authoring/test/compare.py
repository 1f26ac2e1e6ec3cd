"""Rows that came out against rows that must."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from headrace.planner.in_process.values import Row


@dataclass(frozen=True)
class Difference:
    """How the rows of one sink differ, in the expected file's `columns`.

    `missing` were expected and did not come, `extra` came and were not expected; where a row of each stands at the same
    place of the two lists, it is the nearest to the other that there was.
    """

    sink: str
    columns: tuple[str, ...]
    missing: tuple[Row | None, ...]
    extra: tuple[Row | None, ...]


def difference(
    sink: str, columns: Sequence[str], expected: Sequence[Row], found: Sequence[Row], *, ordered: bool, tolerance: float
) -> Difference | None:
    """None where the rows are the same; by their order too, if `ordered`. Doubles may differ by `tolerance`."""
    got = [{name: row.get(name) for name in columns} for row in found]
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
    """Each missing row beside the extra one that agrees with it in most columns, and then the rest of the extra."""
    left = list(extra)
    beside: list[Row | None] = []
    for row in missing:
        agreeing = [sum(_equal(row.get(n), other.get(n), tolerance) for n in columns) for other in left] if row else []
        best = max(range(len(left)), key=agreeing.__getitem__, default=None)
        beside.append(left.pop(best) if best is not None and agreeing[best] else None)
    return [*missing, *(None for _ in left)], [*beside, *left]


def _same(expected: Row, found: Row, columns: Sequence[str], tolerance: float) -> bool:
    return all(_equal(expected.get(name), found.get(name), tolerance) for name in columns)


def _equal(expected: Any, found: Any, tolerance: float) -> bool:
    if isinstance(expected, float) and isinstance(found, float):
        both_nan = math.isnan(expected) and math.isnan(found)
        return both_nan or math.isclose(expected, found, rel_tol=tolerance, abs_tol=1e-300)
    return bool(expected == found)


def cells_that_differ(expected: Row, found: Row, columns: Sequence[str], tolerance: float) -> set[str]:
    """The columns in which two rows differ."""
    return {name for name in columns if not _equal(expected.get(name), found.get(name), tolerance)}
