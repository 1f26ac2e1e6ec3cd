"""Losses of generation in a grid, simulated by the swing equation and judged by its closed form.

    2 H / f0 * df/dt = -P - D f / f0 - x        f: deviation in Hz; P: lost power, per unit
    T dx/dt = f / (R f0) - x                    x: what turbines give back, per unit

The simulation integrates these two by Runge and Kutta in steps of 5 ms; the judge knows their solution.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.figure import Figure

from gallery.kit import Feed, Tables, Verdict, count

JOB = "grid/frequency_v1"

START = datetime(2024, 3, 1, tzinfo=UTC)
F0, H, D, R, T = 50.0, 4.0, 1.0, 0.05, 8.0
"""Hz; inertia in seconds; damping, per unit; droop, per unit; time constant of the turbines in seconds."""
LOST = {"N1": 0.03, "N2": 0.022, "N3": 0.018, "N4": 0.04}
"""The power that is lost near each node, per unit. That of N3 is too little for the alarm."""
SECONDS = 1000
AT = 60
"""When it is lost, in seconds after START."""
STEP_MS = 20

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Swing:
    """The closed form: an oscillation that is damped, around what is left when the turbines have done what they can."""

    lost: float

    @property
    def left(self) -> float:
        """The deviation in the end, in Hz, negative."""
        return -F0 * self.lost / (D + 1 / R)

    def deviation(self, t: Doubles) -> Doubles:
        """Return the deviation in Hz at the times t in seconds after the loss, 0 before it."""
        a, b = (D * T + 2 * H) / (2 * H * T), (D + 1 / R) / (2 * H * T)
        decay, turn = a / 2, np.sqrt(b - a**2 / 4)
        slope = -F0 * self.lost / (2 * H)
        since = np.maximum(t, 0)
        wave = -self.left * np.cos(turn * since) + (slope - self.left * decay) / turn * np.sin(turn * since)
        return np.where(t > 0, self.left + np.exp(-decay * since) * wave, 0.0)


def simulated(lost: Doubles) -> Doubles:
    """Return the deviation in Hz every 20 ms, float64 [SECONDS * 50, len(lost)], by Runge and Kutta."""

    def change(state: Doubles, power: Doubles) -> Doubles:
        f, x = state
        return np.array([F0 / (2 * H) * (-power - D * f / F0 - x), (f / (R * F0) - x) / T])

    h, state, samples = STEP_MS / 4000, np.zeros((2, len(lost))), []
    for step in range(SECONDS * 50 * 4):
        if step % 4 == 0:
            samples.append(state[0])
        power = lost * (step * h >= AT)
        k1 = change(state, power)
        k2 = change(state + h / 2 * k1, power)
        k3 = change(state + h / 2 * k2, power)
        state = state + h / 6 * (k1 + 2 * k2 + 2 * k3 + change(state + h * k3, power))
    return np.array(samples)


def write(folder: Path) -> Sequence[Feed]:
    """Write the samples of all nodes, in order of time; one in 1,000 comes twice, and one in 5,000 is broken."""
    (folder / "samples.jsonl").write_text("\n".join(_lines()) + "\n")
    return [Feed("source/grid_frequency", folder / "samples.jsonl")]


def judge(tables: Tables) -> Sequence[Verdict]:
    """Compare seconds, nadirs, alarms and their times with the closed form."""
    found = tables.frame("select * from grid.frequency_1s order by node, ts")
    wanted = pd.concat([_seconds(node) for node in LOST], ignore_index=True)
    rows = Verdict("seconds", count(len(found), "row"), count(len(wanted), "row"), len(found) == len(wanted))
    if not rows.holds:
        return [rows]
    mean, rocof = (float((found[name] - wanted[name]).abs().max()) for name in ("mean_hz", "rocof"))
    events = tables.frame("select * from grid.events order by node")
    true = pd.DataFrame([each for node in LOST if (each := _event(wanted[wanted["node"] == node]))])
    same = list(events["node"]) == list(true["node"]) and (events["started_at"] == true["started_at"]).all()
    ended = same and (events["ended_at"] == true["ended_at"]).all()
    nadir = float((events["nadir_hz"] - true["nadir_hz"]).abs().max()) if same else float("nan")
    alarms = [(value["node"], value["is_low"]) for _, value in tables.messages("frequency_alarms")]
    pairs = sorted((node, low) for node in true["node"] for low in (False, True))
    return [
        rows,
        Verdict("mean of a second", f"{mean:.1e} Hz off", "1e-6, by the closed form", mean < 1e-6),
        Verdict("rate of change", f"{rocof:.1e} Hz/s off", "1e-6", rocof < 1e-6),
        Verdict(
            "event frames", f"{len(events)}: {', '.join(events['node'])}", "N1, N2, N4, to the second", bool(ended)
        ),
        Verdict("nadir", f"{nadir:.1e} Hz off", "1e-6", nadir < 1e-6),
        Verdict("alarms", f"{len(alarms)} messages", "raised and cleared once per event", sorted(alarms) == pairs),
    ]


def picture(tables: Tables, path: Path) -> None:
    """Draw the first minutes after the loss, with the event frame of one node."""
    found = tables.frame("select * from grid.frequency_1s order by node, ts")
    frame = tables.frame("select * from grid.events where node = 'N1'").iloc[0]
    figure = Figure((7, 3), layout="constrained")
    axes = figure.subplots()
    start = pd.Timestamp(START)
    first, last = ((frame[name] - start).total_seconds() for name in ("started_at", "ended_at"))
    axes.axvspan(first, last, color="#f1d9d3", label="event of N1")
    for node, part in found.groupby("node"):
        axes.plot((part["ts"] - start).dt.total_seconds(), part["mean_hz"], linewidth=1, label=node)
    axes.set(xlim=(40, 140), xlabel="seconds", ylabel="Hz")
    axes.legend(frameon=False, ncols=5, loc="lower right")
    figure.savefig(path, metadata={"Date": None})


def _seconds(node: str) -> pd.DataFrame:
    """Return the closed form by seconds: means, lowest values and rates of change of a node."""
    t = np.arange(SECONDS * 50) * STEP_MS / 1000 - AT
    hz = (F0 + Swing(LOST[node]).deviation(t)).reshape(SECONDS, 50)
    mean = hz.mean(axis=1)
    ts = pd.Timestamp(START) + pd.to_timedelta(np.arange(SECONDS), "s")
    rocof = np.concatenate([[np.nan], np.diff(mean)])
    return pd.DataFrame({"node": node, "ts": ts, "mean_hz": mean, "min_hz": hz.min(axis=1), "rocof": rocof})


def _event(seconds: pd.DataFrame) -> dict[str, object] | None:
    """Return the event of a node: from the first second below 49.8 Hz to the first one above 49.9 after it."""
    low = seconds[seconds["mean_hz"] < 49.8]
    if low.empty:
        return None
    back = seconds[(seconds["mean_hz"] > 49.9) & (seconds["ts"] > low["ts"].iloc[0])].iloc[0]
    inside = seconds[(seconds["ts"] >= low["ts"].iloc[0]) & (seconds["ts"] < back["ts"])]
    return {
        "node": back["node"],
        "started_at": low["ts"].iloc[0],
        "ended_at": back["ts"],
        "nadir_hz": inside["min_hz"].min(),
    }


def _lines() -> Iterator[str]:
    random, start = np.random.default_rng(50), round(START.timestamp() * 1000)
    samples = F0 + simulated(np.array([*LOST.values()]))
    for n, each in enumerate(samples.tolist()):
        for node, hz in zip(LOST, each, strict=True):
            line = f'{{"node":"{node}","ts":{start + n * STEP_MS},"hz":{hz!r}}}'
            chance = random.random()
            if chance < 0.0002:
                yield line[: len(line) // 2]
            yield line
            if 0.0002 <= chance < 0.0012:
                yield line
