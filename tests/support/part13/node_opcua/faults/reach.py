"""Faults in what node-opcua reads, and in its results for an interval without readings."""

from __future__ import annotations

from headrace.historian.series.status import Bits
from support.part13.node_opcua.compared import Cell, Result, same
from support.part13.node_opcua.faults.fault import ALL, EXTREMES, QUALITY, Fault, code


def _outside(cell: Cell) -> bool:
    return not same(_unless_bad(cell.ours), _unless_bad(cell.read))


def _unless_bad(result: Result) -> Result:
    """Return the result without the bit Partial if it has no value: node-opcua does not set it then."""
    return (None, code(result)) if result[0] is None else result


def _empty(cell: Cell) -> bool:
    return not cell.inside and bool(cell.before) and bool(cell.after)


def _partial_bad(cell: Cell) -> bool:
    value, status = cell.ours
    return value is None and bool(status & Bits.PARTIAL)


FAULTS = (
    Fault(
        "reads only the span of the query",
        "3.1.7, 5.3.3.2, 5.4.2.2",
        "Bounds depend on data outside the span; Partial marks the ends of the collection; a reading at the end of "
        "the query is not in its last interval, which the query cuts short.",
        "Reads from start to end, both included, and gives the last interval its full length.",
        ALL,
        _outside,
    ),
    Fault(
        "returns no data for an empty interval",
        "5.4.3.21, 5.4.3.31, 5.4.3.32",
        "If no Good data exists, the count is zero; the first region has the status of the reading at or before it.",
        "Bad_NoData, although there are readings on both sides.",
        ("Count", *QUALITY),
        _empty,
    ),
    Fault(
        "omits Partial if there is no value",
        "5.3.3.2",
        "Partial is always set for the first and last interval with data that the collection does not fill.",
        "Omits it from a bad result.",
        ("Count", *EXTREMES),
        _partial_bad,
    ),
)
