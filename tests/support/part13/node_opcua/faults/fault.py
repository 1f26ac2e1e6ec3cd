"""The class of a fault of node-opcua, and helpers to determine where one shows."""

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
    """A fault: the `clause` of Part 13, what it `says`, what node-opcua `does`, and whether it `shows` in an interval.

    It affects only the results of `aggregates`.
    """

    name: str
    clause: str
    says: str
    does: str
    aggregates: tuple[str, ...]
    shows: Callable[[Cell], bool]

    def at(self, cell: Cell) -> bool:
        """Return whether the fault shows in the cell."""
        return cell.aggregate in self.aggregates and self.shows(cell)


def code(result: Result) -> int:
    """Return the status without its information bits."""
    return result[1] & _CODE


def some(rows: Iterable[Row], **is_so: bool) -> bool:
    """Return whether any of `rows` has all of these properties: `good`, `uncertain`, `bad`."""
    return any(all(getattr(row, name) == value for name, value in is_so.items()) for row in rows)


def at_start(cell: Cell) -> list[Row]:
    """Return the readings at the start of the interval."""
    return [row for row in cell.inside if row.at == cell.start]


def overridden(row: Row) -> bool:
    """Return whether a reading is Good with a sub-code."""
    return row.good and row.quality != 0
