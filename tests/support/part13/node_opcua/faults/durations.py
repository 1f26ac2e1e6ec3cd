"""Faults in DurationGood, DurationBad, PercentGood and PercentBad, which depend on regions of time."""

from __future__ import annotations

from support.part13.node_opcua.compared import Cell, Row
from support.part13.node_opcua.faults.fault import GOOD_TIME, QUALITY, Fault, at_start, some


def _regions(cell: Cell) -> list[tuple[Row | None, int]]:
    """Return each reading that holds, with its duration in milliseconds; the very last one holds for 1 ms."""
    rows = [row for row in cell.inside if row.at > cell.start]
    holding = [None, *cell.before, *at_start(cell)][-1]
    last = min(cell.end, cell.series.read[-1].at + 1)
    times = [cell.start, *(row.at for row in rows), last]
    return [(row, later - at) for row, at, later in zip([holding, *rows], times[:-1], times[1:], strict=True)]


def _others(cell: Cell) -> list[Row]:
    """Return the readings among which node-opcua looks for a good one: all but one at the start of the interval."""
    return cell.inside[1:] if cell.inside and cell.inside[0].at == cell.start else cell.inside


def _held_good(cell: Cell) -> bool:
    return any(row and row.good and width for row, width in _regions(cell))


def _doubtful_start(cell: Cell) -> bool:
    """Return whether a usable reading at the start of the interval holds, with a code other than plain Good."""
    row, width = _regions(cell)[0]
    if row is None or not width:
        return False
    return row.at == cell.start and cell.series.usable(row) and row.quality != 0


def _zeroed(cell: Cell) -> bool:
    """Return whether node-opcua sets DurationGood to 0, as for a result that is Bad."""
    strict, regions = cell.series.configuration.treat_uncertain_as_bad, _regions(cell)
    bad = [width for row, width in regions if row is None or row.bad or (strict and row.uncertain)]
    share = (sum(bad) + (regions[0][1] if _doubtful_start(cell) else 0)) / sum(width for _, width in regions) * 100
    nothing = not some(_others(cell), good=True) and not some(_others(cell), uncertain=True)
    return share >= cell.series.configuration.percent_data_bad or nothing


def _uncertain_is_good(cell: Cell) -> bool:
    if not some(_others(cell), good=True) or (cell.aggregate == "DurationGood" and _zeroed(cell)):
        return False
    regions = _regions(cell)[1 if _doubtful_start(cell) else 0 :]
    return any(row and row.uncertain and cell.series.usable(row) and width for row, width in regions)


def _no_other_good(cell: Cell) -> bool:
    if not cell.inside or some(_others(cell), good=True):
        return False
    below_zero = some(_others(cell), bad=True) and (cell.aggregate == "PercentGood" or not _zeroed(cell))
    return below_zero or _held_good(cell)


def _spoilt_is_none(cell: Cell) -> bool:
    return some(_others(cell), good=True) and _zeroed(cell) and _held_good(cell)


def _start_is_bad(cell: Cell) -> bool:
    if not _doubtful_start(cell) or not cell.inside:
        return False
    return cell.aggregate not in GOOD_TIME or (at_start(cell)[-1].good and some(_others(cell), good=True))


def _open_end(cell: Cell) -> bool:
    last = cell.series.read[-1]
    ends = cell.start <= last.at < cell.end - 1 and not cell.series.usable(last)
    known = any(row and cell.series.usable(row) and width for row, width in _regions(cell))
    return ends and (cell.aggregate == "DurationBad" or known)


FAULTS = (
    Fault(
        "counts uncertain time as good",
        "5.4.3.31",
        "Regions are Good or non-Good; if the data point is Good the region is Good.",
        "Good if uncertain does not count as bad.",
        GOOD_TIME,
        _uncertain_is_good,
    ),
    Fault(
        "requires a good reading inside the interval, after its start",
        "5.4.3.31, 5.4.3.33",
        "The region of a reading at or before the start counts like any other; the status is always Good.",
        "DurationGood is 0 or -1 and PercentGood is 0 or Bad, however long a good reading holds.",
        GOOD_TIME,
        _no_other_good,
    ),
    Fault(
        "sets the good time of a mostly bad interval to 0",
        "5.4.3.31",
        "The sum of all Good regions; the status is always Good, so PercentDataBad does not apply.",
        "0 if the bad share reaches PercentDataBad.",
        ("DurationGood",),
        _spoilt_is_none,
    ),
    Fault(
        "counts a reading at the start as bad unless its code is plain Good",
        "5.4.3.31, 5.4.3.32",
        "If that data point is Bad the region is Bad.",
        "Counts bad time from an uncertain reading that does not count as bad, and from a Good one with a sub-code.",
        QUALITY,
        _start_is_bad,
    ),
)

SILENT = (
    Fault(
        "a last reading that is bad",
        "none",
        "Does not specify how long the very last reading lasts; in the figures a good one lasts 1 ms.",
        "1 ms, like a good one; ours lasts to the end of the interval.",
        ("DurationBad", "PercentGood", "PercentBad"),
        _open_end,
    ),
)
"""Where the two differ and Part 13 does not specify a result."""
