"""Draw one tag's trend, in the terminal and as a picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import plotext
import pyarrow as pa
import pyarrow.compute as pc
from matplotlib.dates import ConciseDateFormatter
from matplotlib.figure import Figure

_TIME_FORMAT = "%Y-%m-%d %H:%M"


def in_terminal(rows: pa.Table, title: str, width: int) -> str:
    """Return a drawing of `rows` (ts, value) as text of `width` columns."""
    plotext.clear_figure()
    plotext.theme("clear")
    plotext.plot_size(width, 18)
    plotext.title(title)
    plotext.date_form("Y-m-d H:M", "Y-m-d")
    plotext.plot(_moments(rows), rows["value"].to_pylist(), marker="braille", label="value")
    drawing: str = plotext.build()
    return drawing


def to_png(rows: pa.Table, title: str, unit: str, path: Path) -> Path:
    """Draw `rows` (ts, value) into the PNG file `path`."""
    figure = Figure(figsize=(12, 4), dpi=120, layout="constrained")
    axes = figure.subplots()
    axes.plot(_times(rows), rows["value"].to_numpy(), linewidth=0.7, color="#2b6cb0")
    axes.set_title(title, loc="left")
    axes.set_ylabel(unit)
    dates = ConciseDateFormatter(axes.xaxis.get_major_locator())  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_formatter(dates)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, alpha=0.25)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
    return path


def _times(rows: pa.Table) -> npt.NDArray[np.datetime64]:
    times: npt.NDArray[np.datetime64] = rows["ts"].cast(pa.timestamp("us")).to_numpy()
    return times


def _moments(rows: pa.Table) -> list[str]:
    moments: list[str] = pc.strftime(rows["ts"], format=_TIME_FORMAT).to_pylist()
    return moments
