"""Positions in the log of a database as texts that sort as the log does."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import pyarrow as pa

_WIDTH = 20
_PARTS = re.compile(r"[0-9A-Za-z]+")


def texts(parts: Sequence[pa.Array]) -> pa.Array:
    """Return, per row, a text that sorts as the position does; null where all of its parts are.

    parts: string arrays of one length: a number like an LSN, or a text like mysql-bin.000003. The numbers and words of
    a part are compared from the left, the shorter one first: 9 before 10, and binlog.999999 before binlog.1000000. Hex
    numbers of one length, as SQL Server's, sort as they are. A part that is null comes first.
    """
    known: dict[str | None, str] = {None: _padded("")}

    def sortable(text: str | None) -> str:
        if text not in known:
            known[text] = ".".join(map(_padded, _PARTS.findall(text or ""))) or _padded("")
        return known[text]

    rows = zip(*(part.to_pylist() for part in parts), strict=True)
    return pa.array([_joined(row, sortable) for row in rows], pa.string())


def _joined(row: Sequence[str | None], sortable: Callable[[str | None], str]) -> str | None:
    return None if all(each is None for each in row) else "/".join(map(sortable, row))


def _padded(text: str) -> str:
    return text.rjust(_WIDTH, "0")
