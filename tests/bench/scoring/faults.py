"""Faults injected into a year of readings, with a fixed seed: eight kinds at three severities.

Sizes come from the signals, not from any scorer: SIZES is what a technician would want to hear of. Severity 1 is that
size, 0.5 half of it and 2 twice it. On one asset faults do not overlap and are at least two days apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from bench.scoring.farm import ROWS_PER_DAY, ROWS_PER_HOUR, Booleans, Doubles, Readings

SIZES = {
    "pitch_angle": 3.0,
    "active_power": 200.0,
    "wind_speed": 1.5,
    "vane_angle": 6.0,
    "outdoor_temperature": 4.0,
    "nacelle_direction": 20.0,
    "wind_direction": 20.0,
}
"""A fault of severity 1, in the signal's unit."""

KINDS = ("drift", "noise", "offset", "power_curve", "spike", "stuck", "swap", "swap_peer")
SEVERITIES = (0.5, 1.0, 2.0)
APART = 2 * ROWS_PER_DAY

_SWAPS = (
    ("pitch_angle", "vane_angle"),
    ("wind_speed", "outdoor_temperature"),
    ("vane_angle", "wind_direction"),
    ("nacelle_direction", "pitch_angle"),
)
"""Sensors on each other's wires. Not the two directions: they differ only by the vane, so little changes."""

_PEER_SWAPS = ("active_power", "nacelle_direction", "vane_angle", "wind_speed")
"""Not the temperature, which is the same at all turbines."""

_RUNNING_KW = 300.0
_TRIES = 400

Random = np.random.Generator


@dataclass(frozen=True)
class Fault:
    """An injected fault: its kind and severity, its rows from `start` to before `end`, and the columns it changes."""

    kind: str
    severity: float
    start: int
    end: int
    columns: tuple[int, ...]


@dataclass(frozen=True)
class _Wanted:
    """A fault to place: its length in rows, and the columns that it changes in each of its assets."""

    kind: str
    severity: float
    rows: int
    columns: tuple[int, ...]


def injected(readings: Readings, real: Booleans, seed: int) -> tuple[Readings, list[Fault]]:
    """Return the readings with faults, and the faults in time order. `real` bool [n, tags]: rows that host no fault."""
    random = np.random.default_rng(seed)
    values = readings.values.copy()
    taken = np.zeros((len(values), len(readings.assets)), bool)
    longest_first = sorted(_all_wanted(readings, random), key=lambda each: -each.rows * len(each.columns))
    tried = [_placed(readings, real, taken, each, values=values, random=random) for each in longest_first]
    faults = [fault for fault in tried if fault]
    return readings.replaced(values), sorted(faults, key=lambda fault: fault.start)


def _all_wanted(readings: Readings, random: Random) -> Iterator[_Wanted]:
    """Yield every kind at every severity, on assets chosen at random."""
    day, hour = ROWS_PER_DAY, ROWS_PER_HOUR
    for severity in SEVERITIES:
        for signal in SIZES:
            for kind, rows in (
                ("drift", 10 * day),
                ("offset", 3 * day),
                ("noise", day),
                ("stuck", int(12 * hour * severity)),
                ("spike", 1),
                ("spike", 3),
            ):
                yield _Wanted(kind, severity, rows, (readings.column(_any(readings, random), signal),))
        for asset in readings.assets:
            yield _Wanted("power_curve", severity, 7 * day, (readings.column(asset, "active_power"),))
        for pair in _SWAPS:
            asset = _any(readings, random)
            yield _Wanted("swap", severity, int(2 * day * severity), tuple(readings.column(asset, s) for s in pair))
        for signal in _PEER_SWAPS:
            two = random.choice(readings.assets, 2, replace=False)
            columns = tuple(readings.column(str(asset), signal) for asset in two)
            yield _Wanted("swap_peer", severity, int(2 * day * severity), columns)


def _any(readings: Readings, random: Random) -> str:
    return str(random.choice(readings.assets))


def _placed(
    readings: Readings, real: Booleans, taken: Booleans, wanted: _Wanted, *, values: Doubles, random: Random
) -> Fault | None:
    """Write the fault into `values` at a random place that suits it, and mark its assets as taken there."""
    assets = [readings.assets.index(readings.tags[column].asset) for column in wanted.columns]
    columns = list(wanted.columns)
    for _ in range(_TRIES):
        start = int(random.integers(APART, len(values) - wanted.rows - APART))
        end = start + wanted.rows
        span = slice(start, end)
        if taken[start - APART : end + APART, assets].any():
            continue
        before = readings.values[span, columns]
        if (~np.isfinite(before)).mean() > 0.1 or real[span, columns].mean() > 0.1:
            continue
        if wanted.kind == "power_curve" and np.nanmean(before) < _RUNNING_KW:
            continue
        after = _CHANGES[wanted.kind](readings, wanted, span, random)
        if (after != before)[np.isfinite(before)].mean() < 0.5:
            continue  # a sensor that stands still anyway, as a pitch in production does, is not faulty
        values[span, columns] = after
        taken[span, assets] = True
        return Fault(wanted.kind, wanted.severity, start, end, wanted.columns)
    return None


def _sized(readings: Readings, wanted: _Wanted) -> float:
    return wanted.severity * SIZES[readings.tags[wanted.columns[0]].signal]


def _angular(readings: Readings, wanted: _Wanted, values: Doubles) -> Doubles:
    """Return the values as the sensor would send them: directions between 0 and 360, the vane between -180 and 180."""
    tag = readings.tags[wanted.columns[0]]
    if not tag.angle:
        return values
    low = -180.0 if tag.signal == "vane_angle" else 0.0
    return low + np.mod(values - low, 360.0)


def _drift(readings: Readings, wanted: _Wanted, span: slice, random: Random) -> Doubles:
    ramp = np.linspace(0, 1, wanted.rows)[:, None] * _sized(readings, wanted) * random.choice([-1, 1])
    return _angular(readings, wanted, readings.values[span, list(wanted.columns)] + ramp)


def _offset(readings: Readings, wanted: _Wanted, span: slice, random: Random) -> Doubles:
    size = _sized(readings, wanted) * random.choice([-1, 1])
    return _angular(readings, wanted, readings.values[span, list(wanted.columns)] + size)


def _spike(readings: Readings, wanted: _Wanted, span: slice, random: Random) -> Doubles:
    size = 3 * _sized(readings, wanted) * random.choice([-1, 1])
    return _angular(readings, wanted, readings.values[span, list(wanted.columns)] + size)


def _noise(readings: Readings, wanted: _Wanted, span: slice, random: Random) -> Doubles:
    noise = random.normal(0, 0.75 * _sized(readings, wanted), (wanted.rows, 1))
    return _angular(readings, wanted, readings.values[span, list(wanted.columns)] + noise)


def _stuck(readings: Readings, wanted: _Wanted, span: slice, random: Random) -> Doubles:  # noqa: ARG001
    before = readings.values[span, list(wanted.columns)]
    held = before[np.isfinite(before)][0]
    return np.where(np.isfinite(before), held, np.nan)


def _swapped(readings: Readings, wanted: _Wanted, span: slice, random: Random) -> Doubles:  # noqa: ARG001
    return readings.values[span, list(wanted.columns[::-1])]


def _power_curve(readings: Readings, wanted: _Wanted, span: slice, random: Random) -> Doubles:  # noqa: ARG001
    before = readings.values[span, list(wanted.columns)]
    return np.where(before > 0, before * (1 - 0.15 * wanted.severity), before)


_CHANGES: dict[str, Callable[[Readings, _Wanted, slice, Random], Doubles]] = {
    "drift": _drift,
    "noise": _noise,
    "offset": _offset,
    "power_curve": _power_curve,
    "spike": _spike,
    "stuck": _stuck,
    "swap": _swapped,
    "swap_peer": _swapped,
}
