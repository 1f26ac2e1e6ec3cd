"""Every figure of OPC UA Part 13, Annex A, if a copy of it exists: HEADRACE_PART13 names its folder."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from headrace.historian.aggregates import AGGREGATES
from support import ROOT
from support.part13.annex import Table, read

FILE = Path(os.environ.get("HEADRACE_PART13", ROOT.parent / "shared" / "part13")) / "AggregateExamples.csv"

LEFT_OUT = {"AnnotationCount"}  # readings carry no annotations

FIGURES, DENIED = 1_358, 41
"""The number of rows of Annex A for our aggregates, and the number of those that contradict its text."""

STEPPED = "5.4.3.8: Total is TimeAverage times seconds, always on sloped lines; the figures are of steps"
HELD = "5.4.3.31, 5.4.3.32: the first region has the status of the reading at or before its start; the figure is 0"
SHARE = "5.4.3.2.1: 3 s of 5 s are bad, 60 % of PercentDataBad 50, so Bad; the figure is uncertain"
BAD_FIRST = "5.4.3.2.1: 1 of 2 is bad, 50 % of PercentDataBad 50, so Bad before it can be Good; the figure is Good"
BEYOND = "5.4.3.11, 5.4.3.13, 5.4.3.14: an uncertain 70 is greater than the good 30, so uncertain; the figure is Good"


def every(seconds: int, first: str, last: str) -> list[str]:
    """Return the times of day from `first` to `last`, minutes and seconds."""
    begin, end = (int(minute) * 60 + int(second) for minute, second in (at.split(":") for at in (first, last)))
    return [f"12:{at // 60:02}:{at % 60:02}" for at in range(begin, end + 1, seconds)]


DEPARTURES = {
    **{("Total", "Historian3", at): STEPPED for at in every(5, "00:00", "01:25")},
    **{(name, "Historian1", at): HELD for name in ("DurationGood", "PercentGood") for at in ("12:00:32", "12:01:04")},
    **{
        (name, series, "12:01:20"): HELD
        for name in ("DurationBad", "PercentBad")
        for series in ("Historian3", "Historian4")
    },
    **{
        (name, "Historian3", at): SHARE
        for name in ("TimeAverage2", "Total2")
        for at in ("12:00:40", "12:00:45", "12:01:15", "12:01:20")
    },
    **{
        (name, "Historian3", at): BAD_FIRST
        for name in ("Count", "NumberOfTransitions")
        for at in ("12:00:32", "12:01:04")
    },
    ("Maximum", "Historian5", "12:01:04"): BEYOND,
    ("MaximumActualTime", "Historian5", "12:01:12"): BEYOND,
    ("Range", "Historian5", "12:01:04"): BEYOND,
}
"""The figures that we do not follow because the text contradicts them, by aggregate, series and printed time."""


@cache
def annex() -> tuple[dict[str, Table], list[Table]]:
    if not FILE.is_file():
        pytest.skip(f"there is no {FILE}: set HEADRACE_PART13 to the folder of a copy of Annex A")
    series, tables = read(FILE)
    return series, [table for table in tables if table.aggregate not in LEFT_OUT]


def differences(table: Table) -> dict[tuple[str, str, str], str]:
    """Return what differs from the printed figures, by aggregate, series and printed time."""
    values = table.ours(annex()[0][table.series])
    assert len(values.ts) == len(table.lines)
    departures = {}
    for line, ts, value, status in zip(table.lines, values.ts, values.value, values.status, strict=True):
        half = 0.5 * 10**-line.decimals + 1e-9
        same = bool(np.isnan(value) and np.isnan(line.value)) or abs(value - line.value) <= half
        if not (same and ts == line.us and status == line.status):
            at = (table.aggregate, table.series, line.time)
            departures[at] = f"{' '.join(at)}: {value} {status:#010x}, printed {line.value} {line.status:#010x}"
    return departures


def test_every_figure_is_reproduced_except_those_that_contradict_the_text() -> None:
    tables = annex()[1]
    departures: dict[tuple[str, str, str], str] = {}
    for table in tables:
        departures |= differences(table)
    assert {table.aggregate for table in tables} == set(AGGREGATES)
    wrong = [departures[at] for at in departures.keys() - DEPARTURES.keys()]
    wrong += [f"{' '.join(at)}: as printed after all" for at in DEPARTURES.keys() - departures.keys()]
    assert not wrong, "\n" + "\n".join(sorted(wrong))
    assert (sum(len(table.lines) for table in tables), len(departures)) == (FIGURES, DENIED)


def test_the_page_states_how_many_figures_agree_and_how_many_do_not(pytestconfig: pytest.Config) -> None:
    page = (pytestconfig.rootpath / "docs" / "retrieval.md").read_text(encoding="utf-8")
    assert f"{FIGURES - DENIED:,} of the {FIGURES:,} figures" in page
    assert f"the other {DENIED}" in page
    assert len(DEPARTURES) == DENIED
