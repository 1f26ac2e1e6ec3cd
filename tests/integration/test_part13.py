"""Every result table of OPC UA Part 13, Annex A, where a copy of it is at hand (HEADRACE_PART13)."""

from __future__ import annotations

import json
import os
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from headrace.historian.aggregates import AGGREGATES
from headrace.historian.cells import Cells
from headrace.historian.configuration import Configuration
from headrace.historian.intervals import Every, cut, microseconds
from headrace.historian.points import Points
from headrace.historian.question import Question, Values
from repository import ROOT

FOLDER = Path(os.environ.get("HEADRACE_PART13", ROOT.parent / "shared" / "part13"))
CODES = {
    "Good": 0,
    "Uncertain": 0x40000000,
    "UncertainDataSubNormal": 0x40A40000,
    "Bad": 0x80000000,
    "BadNoData": 0x809B0000,
}

LEFT_OUT = {"AnnotationCount"}  # readings carry no annotations

_STEPPED_TOTAL = "Total is TimeAverage over seconds, and TimeAverage is never stepped"
_HELD = "a region has the quality of the reading it starts with (5.4.3.31), which the printed duration denies"
_SHARE = "3 s of 5 s are bad, 60 % of PercentDataBad 50: Bad by 5.4.3.2"
_BEYOND = "an uncertain reading beyond the good extreme makes it Uncertain_DataSubNormal (5.4.3.11)"
CONTRADICTORY = {
    ("Total", "Historian3", "12:00:00"): _STEPPED_TOTAL,
    ("PercentGood", "Historian1", "12:00:32"): _HELD,
    ("PercentGood", "Historian1", "12:01:04"): _HELD,
    ("PercentBad", "Historian3", "12:01:20"): _HELD,
    ("PercentBad", "Historian4", "12:01:20"): _HELD,
    **{
        (name, "Historian3", at): _SHARE
        for name in ("TimeAverage2", "Total2")
        for at in ("12:00:40", "12:00:45", "12:01:15", "12:01:20")
    },
    ("Maximum", "Historian5", "12:01:04"): _BEYOND,
    ("MaximumActualTime", "Historian5", "12:01:12"): _BEYOND,
    ("Range", "Historian5", "12:01:04"): _BEYOND,
}
"""Rows that the copy's README does not mark, by aggregate, series and time, and what of the standard they deny."""


def loaded(name: str) -> Any:
    if not FOLDER.is_dir():
        pytest.skip(f"no copy of Annex A in {FOLDER}: set HEADRACE_PART13 to one")
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


def points(historian: str) -> Points:
    rows = loaded("data.json")["historians"][historian]["rows"]
    return Points.of(
        [historian],
        np.zeros(len(rows), np.int64),
        np.array([row["ts_ms"] * 1000 for row in rows]),
        np.array([np.nan if row["value"] is None else float(row["value"]) for row in rows]),
        np.array([int(row["code"], 16) for row in rows], np.uint32),
    ).since_creation()


def answer(table: dict[str, Any]) -> Values:
    config = table["config"]
    start, end = (microseconds(datetime.fromisoformat(table[edge])) for edge in ("start", "end"))
    intervals = cut(start, end, Every(table["processing_interval_ms"] * 1000, "us"))
    configuration = Configuration(
        config["treatUncertainAsBad"],
        config["percentDataBad"],
        config["percentDataGood"],
        config["useSlopedExtrapolation"],
    )
    stepped = np.array([config["stepped"]])
    return AGGREGATES[table["aggregate"]](
        Question(points(table["historian"]), Cells.of(intervals, 1), stepped, configuration)
    )


def clock(ts: int) -> str:
    shown = datetime.fromtimestamp(ts / 1e6, UTC).time()
    return shown.isoformat("milliseconds" if shown.microsecond else "seconds")


def differences(table: dict[str, Any]) -> dict[str, str]:
    """What is not as printed, by the row's time, and None where it is, or where the value is of no use."""
    found = answer(table)
    assert len(found.ts) == len(table["rows"])
    told = {}
    for row, ts, value, status in zip(table["rows"], found.ts, found.value, found.status, strict=True):
        printed, expected = row["value"], clock(row["ts_ms"] * 1000)
        if isinstance(printed, str):
            printed = CODES[printed]
        half = 0.5 * 10 ** -row.get("decimals", 6) + 1e-9
        same_value = bool(np.isnan(value)) if printed is None else not np.isnan(value) and abs(value - printed) <= half
        if not (same_value and clock(int(ts)) == expected and int(status) == int(row["code"], 16)):
            told[expected] = (
                f"{table['aggregate']} {table['historian']} {expected}: {clock(int(ts))} {value} {int(status):#010x}, "
                f"printed {printed} {row['code']} {row['bits']}"
            )
    return told


def excused(table: dict[str, Any]) -> set[str]:
    marked = {clock(row["ts_ms"] * 1000) for row in table["rows"] if "suspect" in row}
    of = (table["aggregate"], table["historian"])
    return marked | {at for name, series, at in CONTRADICTORY if (name, series) == of}


def test_every_row_of_annex_a_comes_out_as_printed() -> None:
    wrong: list[str] = []
    rows: Counter[str] = Counter()
    for table in loaded("expected.json")["tables"]:
        if table["aggregate"] in LEFT_OUT:
            continue
        told = differences(table)
        wrong += [text for at, text in told.items() if at not in excused(table)]
        rows[table["aggregate"]] += len(table["rows"]) - len(excused(table))
    assert not wrong, "\n" + "\n".join(wrong)
    assert set(rows) == set(AGGREGATES)
    assert sum(rows.values()) > 1_200


def test_each_row_that_is_said_to_contradict_the_standard_does_differ() -> None:
    tables = {(table["aggregate"], table["historian"]): table for table in loaded("expected.json")["tables"]}
    for name, series, at in CONTRADICTORY:
        assert at in differences(tables[name, series]), (name, series, at)
