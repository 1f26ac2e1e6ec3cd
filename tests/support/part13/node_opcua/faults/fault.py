"""A fault of node-opcua's, and what the modules beside need to say where one shows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from support.part13.node_opcua.compared import Cell, Result, Row

EXTREMES = ("Minimum", "Maximum")
GOOD_TIME = ("DurationGood", "PercentGood")
QUALITY = ("DurationGood", "DurationBad", "PercentGood", "PercentBad")
ALL = ("Interpolative", "Average", *EXTREMES, "Count", *QUALITY)

_CODE = 0xFFFF0000


@dataclass(frozen=True)
class Fault:
    """`clause` of Part 13, what it `says`, what node-opcua `does`, and whether that `shows` in an interval.

    It shows in results of `aggregates` only.
    """

    name: str
    clause: str
    says: str
    does: str
    aggregates: tuple[str, ...]
    shows: Callable[[Cell], bool]

    def at(self, cell: Cell) -> bool:
        return cell.aggregate in self.aggregates and self.shows(cell)


def code(result: Result) -> int:
    """The status without its information bits."""
    return result[1] & _CODE


def some(rows: Iterable[Row], **is_so: bool) -> bool:
    """Whether any of `rows` has these properties: `good`, `uncertain`, `bad`."""
    return any(all(getattr(row, name) == value for name, value in is_so.items()) for row in rows)


def at_start(cell: Cell) -> list[Row]:
    """The readings at the very start of the interval."""
    return [row for row in cell.inside if row.at == cell.start]


def overridden(row: Row) -> bool:
    """Whether a reading is Good with a sub-code."""
    return row.good and row.quality != 0
