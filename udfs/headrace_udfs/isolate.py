"""Find the rows on which a function of a batch raises, and keep its results for all other rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

R = TypeVar("R")


class Piece(NamedTuple, Generic[R]):
    """The rows from start to before stop, with the function's result for them or, for a single row, its exception."""

    start: int
    stop: int
    result: R | None
    error: Exception | None


def isolate(function: Callable[[int, int], R], rows: int) -> list[Piece[R]]:
    """Return the pieces that cover all rows, in order, each with its result or its exception.

    Calls `function(start, stop)` on all rows, then on the halves of each range on which it raises, down to single rows.
    k failing rows among n cost about 2 k log2(n/k) calls more than none.
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
