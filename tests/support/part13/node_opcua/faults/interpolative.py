"""Faults in Interpolative."""

from __future__ import annotations

from support.part13.node_opcua.compared import Cell, Row
from support.part13.node_opcua.faults.fault import Fault, at_start, overridden, some


def _raw(cell: Cell) -> Row | None:
    """Return what node-opcua takes as the reading at the start: the first one, unless it is bad."""
    first = next(iter(cell.after), None)
    return first if first and first.at == cell.start and not first.bad else None


def _taken(cell: Cell) -> Row | None:
    """Return the last usable reading before the start."""
    return next((row for row in reversed(cell.before) if cell.series.usable(row)), None)


def _interpolated(cell: Cell) -> bool:
    return _raw(cell) is None and not any(map(cell.series.usable, at_start(cell)))


def _fails(cell: Cell) -> bool:
    """Return whether any interval has only unusable readings at or after its start, and a usable one before."""
    series = cell.series
    for start in range(series.start, series.end, series.every):
        before = [row for row in series.read if row.at < start]
        after = [row for row in series.read if row.at >= start]
        lost = after and not any(map(series.usable, after)) and (after[0].bad or after[0].at > start)
        if lost and any(map(series.usable, before)) and not series.stepped:
            return True
    return False


def _behind_bad(cell: Cell) -> bool:
    return some(at_start(cell)[:1], bad=True) and any(map(cell.series.usable, at_start(cell)))


def _raw_first(cell: Cell) -> bool:
    usable = [row for row in at_start(cell) if cell.series.usable(row)]
    return _raw(cell) is not None and bool(usable) and usable[-1] != _raw(cell)


def _raw_uncertain(cell: Cell) -> bool:
    first = _raw(cell)
    return first is not None and not cell.series.usable(first)


def _held_uncertain(cell: Cell) -> bool:
    taken = _taken(cell)
    if taken is None or taken != cell.before[-1] or not cell.after:
        return False
    return _interpolated(cell) and cell.series.stepped and taken.uncertain


def _held_past_bad(cell: Cell) -> bool:
    taken = _taken(cell)
    if taken is None or taken != cell.before[-1] or not at_start(cell):
        return False
    return _interpolated(cell) and cell.series.stepped and taken.good


def _extrapolated(cell: Cell) -> bool:
    last = cell.before[-2:]
    sloped = cell.series.configuration.use_sloped_extrapolation
    return not cell.after and sloped and len(last) > 1 and all(map(cell.series.usable, last))


def _override_skipped(cell: Cell) -> bool:
    """If uncertain counts as bad, such a reading is not used; otherwise the line is uncertain, or has its code."""
    if not _interpolated(cell):
        return False
    following = next(iter(cell.after), None)
    ends = [cell.before[-1]] if cell.before else []
    if not cell.series.stepped and following:
        ends.append(following)
    return any(map(overridden, ends))


FAULTS = (
    Fault(
        "fails if no usable reading follows",
        "3.1.8",
        "If there is no value after the time, the value before it is extrapolated.",
        "Throws, so that every interval of the query is lost.",
        ("Interpolative",),
        _fails,
    ),
    Fault(
        "misses a reading that follows a bad one at the same time",
        "3.1.8",
        "If a non-Bad raw value exists at the time, it is the bound.",
        "Looks only at the first stored one, and interpolates if that is bad.",
        ("Interpolative",),
        _behind_bad,
    ),
    Fault(
        "uses an uncertain reading that counts as bad",
        "3.1.7, 3.1.8",
        "TreatUncertainAsBad decides whether a reading at the time is a bound.",
        "Returns an uncertain reading at the start unchanged.",
        ("Interpolative",),
        _raw_uncertain,
    ),
    Fault(
        "keeps the code of an uncertain value that holds",
        "3.1.8",
        "If the value before is Uncertain, the bound is Uncertain_DataSubNormal.",
        "Keeps the reading's own code.",
        ("Interpolative",),
        _held_uncertain,
    ),
    Fault(
        "misses a bad reading at the time of a stepped value",
        "5.4.3.4",
        "Uncertain if Bad values are skipped.",
        "Good: looks for bad readings only before the time.",
        ("Interpolative",),
        _held_past_bad,
    ),
    Fault(
        "does not mark sloped extrapolation as uncertain",
        "3.1.8",
        "Sloped extrapolation is always Uncertain_DataSubNormal.",
        "Uses the code of the second to last reading.",
        ("Interpolative",),
        _extrapolated,
    ),
    Fault(
        "does not accept Good with a sub-code as a good bound",
        "3.1.8, Part 4 7.38",
        "Good is the severity, whatever the sub-code: Good_LocalOverride is Good.",
        "Skips it if uncertain counts as bad; otherwise the bound is uncertain or has the sub-code.",
        ("Interpolative",),
        _override_skipped,
    ),
)

SILENT = (
    Fault(
        "several readings at one instant",
        "Part 11 6.5.3.2",
        "The most recent one is the reading; in these series they have no such order.",
        "The first one stored; ours is the best one.",
        ("Interpolative",),
        _raw_first,
    ),
)
"""Where the two differ and Part 13 does not specify a result."""
