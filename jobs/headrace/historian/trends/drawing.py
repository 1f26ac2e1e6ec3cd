"""Draw answers over time, in the terminal or as PNG, with one line per tag and aggregate."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import plotext
import pyarrow as pa
import pyarrow.compute as pc
from matplotlib.dates import ConciseDateFormatter
from matplotlib.figure import Figure

from headrace.errors import UserError
from headrace.historian.series.status import is_good

_TIME_FORMAT = "%Y-%m-%d %H:%M:%S"


def in_terminal(rows: pa.Table, width: int, height: int = 20) -> str:
    """Return a picture of `rows` (tag, ts, value, quality) as text, `width` columns wide; x marks what is not good.

    Raises UserError if there is no value to draw.
    """
    plotext.clear_figure()
    plotext.theme("clear")
    plotext.plot_size(width, height)
    plotext.date_form("Y-m-d H:M:S")
    for name, line in _lines(rows):
        plotext.plot(_moments(line), line["value"].to_pylist(), marker="braille", label=name)
        doubtful = line.filter(_doubtful(line))
        if len(doubtful):
            plotext.scatter(_moments(doubtful), doubtful["value"].to_pylist(), marker="x", color="red")
    picture: str = plotext.build()
    return picture


def to_png(rows: pa.Table, path: Path) -> Path:
    """Draw `rows` (tag, ts, value, quality) into the PNG file `path` and return it; a cross marks readings not good.

    Raises UserError if there is no value to draw.
    """
    figure = Figure(figsize=(12, 5), dpi=120, layout="constrained")
    axes = figure.subplots()
    for name, line in _lines(rows):
        axes.plot(line["ts"].cast(pa.timestamp("us")).to_numpy(), line["value"].to_numpy(), linewidth=0.8, label=name)
        doubtful = line.filter(_doubtful(line))
        axes.plot(
            doubtful["ts"].cast(pa.timestamp("us")).to_numpy(), doubtful["value"].to_numpy(), "x", color="#c53030"
        )
    axes.xaxis.set_major_formatter(ConciseDateFormatter(axes.xaxis.get_major_locator()))  # type: ignore[no-untyped-call]
    axes.legend(loc="upper right", frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, alpha=0.25)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
    return path


def _lines(rows: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """Yield name and rows with a value of each tag, or of each tag and aggregate. Raises UserError if there is none."""
    if "value" not in rows.column_names:
        raise UserError("states are words and cannot be drawn as a line", fix="use a table, --csv or --json")
    rows = rows.filter(pc.is_valid(rows["value"]))
    if not len(rows):
        fix = "choose another time; texts have no line: use a table, --csv or --json"
        raise UserError("there is no number to draw", fix=fix)
    keys = [name for name in ("tag", "aggregate") if name in rows.column_names]
    named = rows.append_column("name", pc.binary_join_element_wise(*(rows[key] for key in keys), " "))
    for name in pc.unique(named["name"]).to_pylist():
        yield name, named.filter(pc.equal(named["name"], name))


def _doubtful(rows: pa.Table) -> pa.Array:
    return pa.array(~is_good(np.asarray(rows["quality"]).astype(np.uint32)))


def _moments(rows: pa.Table) -> list[str]:
    seconds = rows["ts"].cast(pa.timestamp("s", "UTC"), safe=False)
    moments: list[str] = pc.strftime(seconds, format=_TIME_FORMAT).to_pylist()
    return moments
