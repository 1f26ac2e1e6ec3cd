"""Draw one tag's trend with its anomalies, in the terminal and as a picture."""

from __future__ import annotations

from pathlib import Path

import plotext
import pyarrow as pa
import pyarrow.compute as pc
from matplotlib.dates import ConciseDateFormatter
from matplotlib.figure import Figure

_TIME_FORMAT = "%Y-%m-%d %H:%M"


def in_terminal(rows: pa.Table, title: str, width: int) -> str:
    """Return a drawing of `rows` (ts, value, anomaly) as text of `width` columns."""
    anomalies = rows.filter(rows["anomaly"])
    plotext.clear_figure()
    plotext.theme("clear")
    plotext.plot_size(width, 18)
    plotext.title(title)
    plotext.date_form("Y-m-d H:M", "Y-m-d")
    plotext.plot(_moments(rows), rows["value"].to_pylist(), marker="braille", label="value")
    plotext.scatter(_moments(anomalies), anomalies["value"].to_pylist(), marker="x", color="red", label="anomaly")
    drawing: str = plotext.build()
    return drawing


def to_png(rows: pa.Table, title: str, unit: str, path: Path) -> Path:
    """Draw `rows` (ts, value, score, anomaly) into the PNG file `path`: the value above, its score below."""
    anomalies = rows.filter(rows["anomaly"])
    figure = Figure(figsize=(12, 6), dpi=120, layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    above.plot(_times(rows), rows["value"].to_numpy(), linewidth=0.7, color="#2b6cb0")
    above.plot(_times(anomalies), anomalies["value"].to_numpy(), "x", markersize=4, color="#c53030", label="anomaly")
    above.set_title(title, loc="left")
    above.set_ylabel(unit)
    above.legend(loc="upper right", frameon=False)
    below.plot(_times(rows), rows["score"].to_numpy(), linewidth=0.5, color="#4a5568")
    for limit in (-3.5, 3.5):
        below.axhline(limit, linewidth=0.8, linestyle="--", color="#c53030")
    below.set_ylabel("score")
    dates = ConciseDateFormatter(below.xaxis.get_major_locator())  # type: ignore[no-untyped-call]
    below.xaxis.set_major_formatter(dates)
    for axes in (above, below):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(visible=True, alpha=0.25)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
    return path


def _times(rows: pa.Table) -> object:
    return rows["ts"].cast(pa.timestamp("us")).to_numpy()


def _moments(rows: pa.Table) -> list[str]:
    moments: list[str] = pc.strftime(rows["ts"], format=_TIME_FORMAT).to_pylist()
    return moments
