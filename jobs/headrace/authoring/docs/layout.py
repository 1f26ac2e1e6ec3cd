"""Lay out the boxes and lines of a lineage in columns, with few crossings and short lines (Sugiyama)."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from headrace.authoring.docs import column_order
from headrace.authoring.docs.column_order import Link

GAP_X = 56.0
GAP_Y = 14.0
LANE = 2.0
"""Height that a line takes in a column that it only passes."""
PASSES = 24


@dataclass(frozen=True)
class Box:
    """A rectangle, in pixels; `middle` is the y coordinate of its centre."""

    left: float
    middle: float
    width: float
    height: float

    @property
    def top(self) -> float:
        """The y coordinate of the top."""
        return self.middle - self.height / 2

    @property
    def right(self) -> float:
        """The x coordinate of the right side."""
        return self.left + self.width


@dataclass(frozen=True)
class Layout:
    """The boxes, each as wide as its column; the points of each line, two per column passed; the size of the whole."""

    boxes: Mapping[str, Box]
    lines: Mapping[Link, Sequence[tuple[float, float]]]
    width: float
    height: float


def place(widths: Mapping[str, float], height: float, edges: Iterable[Link], low: Container[str] = ()) -> Layout:
    """Lay out boxes with these widths and this height, in pixels.

    A line that closes a cycle runs from right to left. The boxes in `low` are below the others in their column, and
    the lines to them do not affect the position of other boxes.
    """
    edges = sorted(set(edges))
    column = column_order.assign(list(widths), edges)
    chains = {edge: _chain(edge, column) for edge in edges}
    for (start, end), chain in chains.items():
        step = 1 if column[end] >= column[start] else -1
        column |= {cell: column[start] + step * n for n, cell in enumerate(chain)}
    heights = {cell: height if cell in widths else LANE for cell in column}
    lanes = {cell for (_, end), chain in chains.items() if end in low for cell in chain[1:]}
    links = [link for chain in chains.values() for link in pairwise(chain) if link[1] not in lanes]
    rows = column_order.arrange(column, links, lanes)
    middle = _middles(rows, heights, links)
    wide = [max(widths.get(cell, 0) for cell in row) for row in rows]
    lefts = [0.0, *accumulate(width + GAP_X for width in wide)]
    cells = {cell: Box(lefts[n], middle[cell], wide[n], heights[cell]) for n, row in enumerate(rows) for cell in row}

    def line(chain: list[str]) -> list[tuple[float, float]]:
        start, *passed, end = (cells[cell] for cell in chain)
        points = [(start.right, start.middle)]
        for cell in passed:
            sides = (cell.left, cell.right) if end.left > start.left else (cell.right, cell.left)
            points += [(side, cell.middle) for side in sides]
        return [*points, (end.left, end.middle)]

    return Layout(
        {name: cells[name] for name in widths},
        {edge: line(chain) for edge, chain in chains.items()},
        max(lefts[-1] - GAP_X, 0),
        max((box.middle + box.height / 2 for box in cells.values()), default=0),
    )


def _chain(edge: Link, column: Mapping[str, int]) -> list[str]:
    """Return the edge's ends, and between them a cell for each column that the line passes."""
    start, end = edge
    passed = abs(column[end] - column[start]) - 1
    return [start, *(f"{start} > {end} {n}" for n in range(passed)), end]


def _middles(rows: list[list[str]], heights: Mapping[str, float], links: list[Link]) -> dict[str, float]:
    """Return each cell's middle: near the mean of its neighbours, in its column's order, without overlaps."""
    near = column_order.neighbours(heights, links)
    middle = {cell: at for row in rows for cell, at in _stacked(row, heights, dict.fromkeys(row, 0.0))}
    for n in range(PASSES):
        for row in rows[:: 1 if n % 2 else -1]:
            seen = {cell: [middle[other] for other in near[cell]] or [middle[cell]] for cell in row}
            middle |= _stacked(row, heights, {cell: _mean(spots) for cell, spots in seen.items()})
    top = min((middle[cell] - height / 2 for cell, height in heights.items()), default=0)
    return {cell: at - top for cell, at in middle.items()}


def _stacked(row: list[str], heights: Mapping[str, float], preferred: Mapping[str, float]) -> list[tuple[str, float]]:
    """Return the middles nearest to the preferred ones with GAP_Y between cells (pool adjacent violators)."""
    steps = [(heights[above] + heights[below]) / 2 + GAP_Y for above, below in pairwise(row)]
    offsets = list(accumulate(steps, initial=0.0))
    pools: list[list[float]] = []
    for cell, offset in zip(row, offsets, strict=True):
        pools.append([preferred[cell] - offset])
        while len(pools) > 1 and _mean(pools[-2]) > _mean(pools[-1]):
            pools[-2:] = [pools[-2] + pools[-1]]
    shifts = [_mean(pool) for pool in pools for _ in pool]
    return [(cell, shift + offset) for cell, shift, offset in zip(row, shifts, offsets, strict=True)]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
