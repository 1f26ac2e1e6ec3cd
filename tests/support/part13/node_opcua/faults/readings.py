"""Faults in Average, Count, Minimum and Maximum, which depend on the readings in an interval."""

from __future__ import annotations

from headrace.historian.series.status import UNCERTAIN_SUBNORMAL, Bits
from support.part13.node_opcua.compared import Cell, Row
from support.part13.node_opcua.faults.fault import EXTREMES, Fault, code, overridden, some


def _override_spoils(cell: Cell) -> bool:
    return any(map(overridden, cell.inside))


def _average_status(cell: Cell) -> bool:
    return some(cell.inside, good=True) and some(cell.inside, good=False) and code(cell.read) != UNCERTAIN_SUBNORMAL


def _count_status(cell: Cell) -> bool:
    """Return whether the shares of time, which node-opcua uses, lead to a different status than those of readings."""
    if not some(cell.inside, good=False):
        return False
    configuration = cell.series.configuration
    ends = [*(row.at for row in cell.series.read if row.at >= cell.inside[0].at), cell.end]
    last = min(cell.end, cell.series.read[-1].at + 1)
    widths = [min(later, last) - row.at for row, later in zip(cell.inside, ends[1:], strict=False)]
    bad = sum(
        width
        for row, width in zip(cell.inside, widths, strict=True)
        if row.bad or (row.uncertain and configuration.treat_uncertain_as_bad)
    )
    spoilt = some(cell.inside, bad=True) and bad / (last - cell.inside[0].at) * 100 >= configuration.percent_data_bad
    return (code(cell.read) >> 31 == 1) != spoilt or (not spoilt and code(cell.read) != UNCERTAIN_SUBNORMAL)


def _extreme(cell: Cell) -> list[Row]:
    values = [row.value for row in cell.inside if row.good and row.value is not None]
    if not values:
        return []
    best = min(values) if cell.aggregate == "Minimum" else max(values)
    return [row for row in cell.inside if row.good and row.value == best]


def _called_raw(cell: Cell) -> bool:
    extreme, first = _extreme(cell), next(iter(cell.inside), None)
    if not extreme or first is None or first.at != cell.start or not first.good:
        return False
    return bool(cell.read[1] & Bits.CALCULATED)


def _several(cell: Cell) -> bool:
    return len(_extreme(cell)) > 1


def _uncertain_spoils(cell: Cell) -> bool:
    return bool(_extreme(cell)) and some(cell.inside, uncertain=True) and code(cell.read) == 0


FAULTS = (
    Fault(
        "does not accept Good with a sub-code as good",
        "5.4.3.5, 5.4.3.10, 5.4.3.11, Part 4 7.38",
        "Good is the severity, whatever the sub-code: Good_LocalOverride is Good.",
        "Excludes it, and the result is Uncertain because of it.",
        ("Average", *EXTREMES),
        _override_spoils,
    ),
    Fault(
        "ignores shares in Average",
        "5.4.3.5, 5.4.3.2.1",
        "PercentValues: the shares of readings decide, by PercentDataBad and PercentDataGood.",
        "Uncertain if any reading is not good, whatever the shares.",
        ("Average",),
        _average_status,
    ),
    Fault(
        "uses shares of time in Count",
        "5.4.3.21, 5.4.3.2.1",
        "PercentValues: shares are counted where an aggregate works on raw values.",
        "Compares bad time with PercentDataBad, and ignores PercentDataGood.",
        ("Count",),
        _count_status,
    ),
    Fault(
        "marks an extreme as raw that is not at the start",
        "5.4.3.10, 5.4.3.11",
        "Calculated if the extreme is not at the start, or the status was set to Uncertain_DataSubNormal.",
        "Raw as soon as the first good reading is at the start.",
        EXTREMES,
        _called_raw,
    ),
    Fault(
        "never marks an extreme that several readings have",
        "5.4.3.10, 5.4.3.11",
        "MultipleValues if several good readings have it.",
        "Resets its counter to one each time.",
        EXTREMES,
        _several,
    ),
    Fault(
        "makes an extreme uncertain for any uncertain reading",
        "5.4.3.10, 5.4.3.11",
        "Uncertain if there are Bad values, or if an Uncertain one lies beyond the extreme.",
        "Also Uncertain for any uncertain reading in the interval, if uncertain does not count as bad.",
        EXTREMES,
        _uncertain_spoils,
    ),
)
