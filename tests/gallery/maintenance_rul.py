"""Remaining useful life of turbofans: C-MAPSS FD001, judged by the published test set."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from gallery.kit import HERE, Feed, Tables, Verdict

JOB = "maintenance/rul_v1"

PUBLISHED = {"CNN, Sateesh Babu et al. 2016": 18.45, "LSTM, Zheng et al. 2017": 16.14}
"""Root mean square errors on the test set of FD001."""
DATA = HERE / "data" / "cmapss"
START = datetime(2024, 1, 1, tzinfo=UTC)
EVERY = timedelta(hours=6)
FLEETS = 8
"""How often the test set is sent, each time as another fleet: so few records would not show what they cost."""

Doubles = npt.NDArray[np.float64]


def write(folder: Path) -> Sequence[Feed]:
    """Write the flights of the test set in order of time: all engines begin together, and fly every six hours.

    The data set has no times; its engines are independent of each other.
    """
    rows = np.loadtxt(DATA / "test_FD001.txt.xz")
    rows = rows[np.lexsort((rows[:, 0], rows[:, 1]))]
    file = folder / "engine_cycles.jsonl"
    file.write_text("".join(f"{json.dumps(each)}\n" for each in _messages(rows)), encoding="utf-8")
    return [Feed("source/engine_cycles", file, key="engine")]


def judge(tables: Tables) -> Sequence[Verdict]:
    """Compare the flights left after each engine's last flight with the published ones."""
    found, truth = _after_the_last_flight(tables)
    rmse = float(np.sqrt(((found - truth) ** 2).mean()))
    rows = int(tables.frame("select count(*) as rows from maintenance.rul")["rows"].iloc[0])
    differing = tables.frame("""
        select split_part(engine, '.', 2) as name, flight
        from maintenance.rul
        group by name, flight
        having count(distinct rul) > 1
    """)
    better = "; ".join(f"{published} of {name}" for name, published in PUBLISHED.items())
    return [
        Verdict("flights", f"{rows:,} rows", f"{13_096 * FLEETS:,}, one per flight", rows == 13_096 * FLEETS),
        Verdict("flights that differ by fleet", f"{len(differing)}", "0", differing.empty),
        Verdict("RMSE, 100 engines", f"{rmse:.2f} flights", f"less than {better}", rmse < min(PUBLISHED.values())),
    ]


def picture(tables: Tables, path: Path) -> None:
    """Draw what the job says after the last flight of each engine next to the truth."""
    found, truth = _after_the_last_flight(tables)
    order = np.argsort(truth)
    figure = Figure((7, 3), layout="constrained")
    axes = figure.subplots()
    axes.plot(truth[order], color="#12343a", label="published")
    axes.plot(found[order], ".", color="#c8553d", label="maintenance/rul_v1")
    axes.set(xlabel="engines of the test set, by flights left", ylabel="flights left")
    axes.legend(frameon=False)
    figure.savefig(path, metadata={"Date": None})


def _after_the_last_flight(tables: Tables) -> tuple[Doubles, Doubles]:
    """Return the flights left after each engine's last flight: what the job says, and what was published."""
    last = tables.frame("""
        select engine, arg_max(rul, flight) as rul
        from maintenance.rul
        where engine like 'F01.%'
        group by engine
        order by engine
    """)
    return last["rul"].to_numpy(), np.loadtxt(DATA / "RUL_FD001.txt.xz")


def _messages(rows: Doubles) -> Iterator[dict[str, object]]:
    for engine, flight, *values in rows.tolist():
        settings = {f"setting{n}": value for n, value in enumerate(values[:3], 1)}
        sensors = {f"s{n}": value for n, value in enumerate(values[3:], 1)}
        ended = (START + EVERY * flight).isoformat()
        for fleet in range(1, FLEETS + 1):
            name = f"F{fleet:02}.{engine:03.0f}"
            yield {"engine": name, "ts": ended, "flight": int(flight), **settings, **sensors}
