"""Assign the nodes of a graph to columns, and order each column so that few lines cross (layered drawing)."""

from __future__ import annotations

import random
from collections.abc import Container, Iterable, Mapping, Sequence

Link = tuple[str, str]

STARTS = 8
SWEEPS = 8


def assign(names: Sequence[str], edges: Sequence[Link]) -> dict[str, int]:
    """Return the column of each name, right of all names with an edge to it.

    A name without incoming edges is one column left of the leftmost name that it has an edge to. An edge that closes a
    cycle is ignored, so it leads backwards.
    """
    forward = _without_cycles(names, edges)
    before = {name: [start for start, end in forward if end == name] for name in names}
    column: dict[str, int] = {}

    def depth(name: str) -> int:
        if name not in column:
            column[name] = max((depth(start) + 1 for start in before[name]), default=0)
        return column[name]

    for name in names:
        depth(name)
    for name in names:
        ends = [column[end] for start, end in forward if start == name]
        if not before[name] and ends:
            column[name] = min(ends) - 1
    return column


def arrange(column: Mapping[str, int], links: Sequence[Link], low: Container[str] = ()) -> list[list[str]]:
    """Return the cells of each column from top to bottom, those in `low` last.

    `links` join cells of neighbouring columns. The result is the order with the fewest crossings among those seen in
    SWEEPS sweeps from each of STARTS initial orders.
    """
    count = max(column.values(), default=-1) + 1
    best = [sorted(cell for cell in column if column[cell] == n) for n in range(count)]
    best = [sorted(row, key=lambda cell: cell in low) for row in best]
    fewest = crossings(best, links)
    near = neighbours(column, links)
    for start in range(STARTS):
        rows = [random.Random(start).sample(row, len(row)) for row in best] if start else [list(row) for row in best]  # noqa: S311 - no secret
        for sweep in range(SWEEPS):
            _sweep(rows, column, near, low, 1 if sweep % 2 else -1)
            if (crossed := crossings(rows, links)) < fewest:
                best, fewest = [list(row) for row in rows], crossed
    return best


def _sweep(
    rows: list[list[str]], column: Mapping[str, int], near: Mapping[str, list[str]], low: Container[str], side: int
) -> None:
    """Reorder each column by the mean position of its cells' neighbours in the column on that side."""
    spot = {cell: n for row in rows for n, cell in enumerate(row)}
    for row in rows[::-side]:
        seen = {cell: [spot[other] for other in near[cell] if column[other] == column[cell] + side] for cell in row}
        means = {cell: sum(spots) / len(spots) if spots else spot[cell] for cell, spots in seen.items()}
        row.sort(key=lambda cell, means=means: (cell in low, means[cell]))  # type: ignore[misc]
        spot |= {cell: n for n, cell in enumerate(row)}


def crossings(rows: Iterable[Sequence[str]], links: Sequence[Link]) -> int:
    """Return the number of pairs of links that cross."""
    at = {cell: (n, spot) for n, row in enumerate(rows) for spot, cell in enumerate(row)}
    pairs = [sorted((at[start], at[end])) for start, end in links]
    return sum(
        a[0] == c[0] and (a[1] - c[1]) * (b[1] - d[1]) < 0 for n, (a, b) in enumerate(pairs) for c, d in pairs[:n]
    )


def neighbours(cells: Iterable[str], links: Iterable[Link]) -> dict[str, list[str]]:
    """Return the cells that each cell has a link to or from."""
    near: dict[str, list[str]] = {cell: [] for cell in cells}
    for start, end in links:
        near[start].append(end)
        near[end].append(start)
    return near


def _without_cycles(names: Sequence[str], edges: Sequence[Link]) -> list[Link]:
    after = {name: [end for start, end in edges if start == name] for name in names}
    entered = {end for _, end in edges}
    path, done, kept = set[str](), set[str](), list[Link]()

    def visit(name: str) -> None:
        path.add(name)
        for end in after[name]:
            if end not in path:
                kept.append((name, end))
                if end not in done:
                    visit(end)
        path.discard(name)
        done.add(name)

    for name in sorted(names, key=lambda each: (each in entered, each)):
        if name not in done:
            visit(name)
    return kept
