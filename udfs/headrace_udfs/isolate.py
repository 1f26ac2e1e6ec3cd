"""Find the rows that a function of a batch raises on, and keep what it makes of all the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

R = TypeVar("R")


class Piece(NamedTuple, Generic[R]):
    """Rows start to stop: what the function made of them, or, for one row alone, what it raised."""

    start: int
    stop: int
    result: R | None
    error: Exception | None


def isolate(function: Callable[[int, int], R], rows: int) -> list[Piece[R]]:
    """Call `function(start, stop)` on all rows, on halves of what it raises on, down to single rows; in order.

    k culprits among n rows cost about 2 k log2(n/k) calls more than none.
    """
    pieces: list[Piece[R]] = []
    waiting = [(0, rows)] if rows else []
    while waiting:
        start, stop = waiting.pop()
        try:
            pieces.append(Piece(start, stop, function(start, stop), None))
        except Exception as error:
            if stop - start == 1:
                pieces.append(Piece(start, stop, None, error))
            else:
                middle = (start + stop) // 2
                waiting += [(middle, stop), (start, middle)]
    return pieces
