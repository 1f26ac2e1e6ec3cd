"""Series whose anomalies others have labelled, read from packages, and what scorers of one tag make of them.

- ucr135: InternalBleeding16 of the UCR Time Series Anomaly Archive (Wu and Keogh, TKDE 2021), from aeon (BSD-3). It has
  no clock: a row is taken to be an hour.
- pv_stale, pv_interpolated, pv_outliers: power of PV inverters per 15 minutes with such faults put in, from pvanalytics
  (MIT). They have no span without faults, so a scorer learns from the very series that it scores.
"""

from __future__ import annotations

import csv
import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec
import numpy as np

from bench.scoring import metrics
from bench.scoring.farm import Booleans, Doubles, Integers, Readings, Tag
from bench.scoring.scorers import SCORERS

NAMES = ("random", "baseline", "baseline_budget", "regime_alone")
"""Scorers that look at one tag alone."""

_HOUR_S = 3600


class Labelled(msgspec.Struct, frozen=True):
    """What a scorer makes of a set. vus_pr and found: None if it has no score. found: of the labelled ranges."""

    set: str
    scorer: str
    rows: int
    ranges: int
    chance: float
    vus_pr: float | None
    found: int | None
    false_per_1000: float | None


@dataclass(frozen=True)
class Series:
    """A set: what scorers learn from, what they score, and its labels, bool [rows, 1]."""

    name: str
    train: Readings
    test: Readings
    labels: Booleans


def load() -> Iterator[Series]:
    """Yield the sets. Raises RuntimeError if a package is missing."""
    folder = _package("aeon") / "datasets" / "data" / "KDD-TSAD_135"
    stem = "135_UCR_Anomaly_InternalBleeding16"
    train, test = (_rows(folder / f"{stem}_{part}.csv") for part in ("TRAIN", "TEST"))
    times, values = np.arange(len(test)) * _HOUR_S, np.array([[float(row[1])] for row in test])
    begin = len(train)  # the rows to test on begin with those to learn from
    yield Series(
        "ucr135",
        _readings(times[:begin], values[:begin]),
        _readings(times[begin:], values[begin:]),
        np.array([[row[-1] == "1"] for row in test[begin:]]),
    )
    for name, file in (
        ("pv_stale", "ac_power_inv_2173_stale_data"),
        ("pv_interpolated", "ac_power_inv_2173_interpolated_data"),
        ("pv_outliers", "ac_power_inv_7539_outliers"),
    ):
        rows = _rows(_package("pvanalytics") / "data" / f"{file}.csv")
        seconds = np.array([int(datetime.fromisoformat(row[0]).timestamp()) for row in rows])
        values_ = np.array([[float(row[1]) if row[1] else np.nan] for row in rows])
        readings = _readings(seconds, values_)
        yield Series(name, readings, readings, np.array([[row[2].lower() == "true"] for row in rows]))


def judged(series: Series, name: str) -> Labelled:
    """Return what a scorer makes of a set."""
    scorer = SCORERS[name].make()
    scorer.fit(series.train)
    found = scorer.score(series.test)
    none = np.zeros_like(series.labels)
    chance = metrics.vus_pr(np.zeros(series.labels.shape), series.labels, none)
    ranges = _ranges(series.labels[:, 0])
    blank = not np.isfinite(found.scores).any()
    reached = sum(bool(found.flags[begin:end].any()) for begin, end in ranges)
    false = int((metrics.event_starts(found.flags) & ~series.labels).sum())
    return Labelled(
        series.name,
        name,
        len(series.labels),
        len(ranges),
        chance,
        None if blank else metrics.vus_pr(found.scores, series.labels, none),
        None if blank else reached,
        None if blank else 1000 * false / len(series.labels),
    )


def table(results: list[Labelled]) -> list[list[str]]:
    """Return a row per set: VUS-PR, ranges found and false events per 1,000 rows of each scorer."""
    sets = list(dict.fromkeys(each.set for each in results))
    rows = [["set", "rows", "ranges", "chance", *(SCORERS[name].title for name in NAMES)]]
    for name in sets:
        of = {each.scorer: each for each in results if each.set == name}
        first = of[NAMES[0]]
        rows.append([name, f"{first.rows:,}", str(first.ranges), f"{first.chance:.3f}", *(_cell(of[s]) for s in NAMES)])
    return rows


def _cell(each: Labelled) -> str:
    if each.vus_pr is None:
        return "no score"
    return f"{each.vus_pr:.3f}, {each.found} of {each.ranges}, {each.false_per_1000:.1f}"


def _ranges(labels: Booleans) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], labels.astype(np.int8), [0]])))
    return [(int(begin), int(end)) for begin, end in edges.reshape(-1, 2)]


def _readings(times: Integers, values: Doubles) -> Readings:
    return Readings(times, values, (Tag("one.signal", "one", "signal", False),))


def _rows(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))[1:]


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError(f"the package {name} is not installed")
    return Path(spec.submodule_search_locations[0])


if __name__ == "__main__":
    every = [judged(series, name) for series in load() for name in NAMES]
    sys.stdout.buffer.write(msgspec.json.encode(every))
