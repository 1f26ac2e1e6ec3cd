"""Draw tags with what the model expects of them and with their events, in the terminal and as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import plotext
import pyarrow as pa
import pyarrow.compute as pc
from matplotlib.axes import Axes
from matplotlib.dates import ConciseDateFormatter, date2num
from matplotlib.figure import Figure

from headrace.local.demo.year import Event

_TIME_FORMAT = "%Y-%m-%d %H:%M"
_EVENT, _VALUE, _BAND = "#c53030", "#2b6cb0", "#48bb78"
_APART = 0.07
"""The least distance of two causes that are written next to each other, as a share of the time shown."""


@dataclass(frozen=True)
class Panel:
    """A tag's readings (ts, value, low, high: the expected band, null where there is none) and its events."""

    title: str
    unit: str
    rows: pa.Table
    events: Sequence[Event]

    @property
    def times(self) -> npt.NDArray[np.datetime64]:
        """The times of the readings, in UTC."""
        times: npt.NDArray[np.datetime64] = self.rows["ts"].cast(pa.timestamp("us")).to_numpy()
        return times

    @property
    def within(self) -> pa.Table:
        """The readings that are within an event."""
        spans = [
            pc.and_(pc.greater_equal(self.rows["ts"], event.start), pc.less_equal(self.rows["ts"], event.end))
            for event in self.events
        ]
        inside = np.any([span.to_numpy() for span in spans], axis=0) if spans else np.zeros(len(self.rows), bool)
        return self.rows.filter(pa.array(inside))


def in_terminal(panel: Panel, width: int) -> str:
    """Return a drawing of the panel as text of `width` columns; readings within an event are red."""
    plotext.clear_figure()
    plotext.theme("clear")
    plotext.plot_size(width, 18)
    plotext.title(f"{panel.title} [{panel.unit}]")
    plotext.date_form("Y-m-d H:M", "Y-m-d")
    plotext.plot(_moments(panel.rows), panel.rows["value"].to_pylist(), marker="braille", label="value")
    if len(panel.within):
        plotext.scatter(
            _moments(panel.within), panel.within["value"].to_pylist(), marker="x", color="red", label="event"
        )
    drawing: str = plotext.build()
    return drawing


def to_png(panels: Sequence[Panel], path: Path) -> Path:
    """Draw the panels below each other into the PNG file `path`."""
    figure = Figure(figsize=(12, 2.9 * len(panels)), dpi=110, layout="constrained")
    for axes, panel in zip(np.atleast_1d(figure.subplots(len(panels), 1)), panels, strict=True):
        _draw(axes, panel)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
    return path


def _draw(axes: Axes, panel: Panel) -> None:
    value, low, high = (panel.rows[name].cast(pa.float64()).to_numpy() for name in ("value", "low", "high"))
    height = 1.3 * (np.nanmax(value) - np.nanmin(value) or 1.0)
    # A band that is mostly higher than the panel would fill it, and tell nothing.
    if np.nanquantile(high - low, 0.25) < height:
        axes.fill_between(panel.times, low, high, color=_BAND, alpha=0.25, linewidth=0, label="expected")
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0, frameon=False, fontsize=8)
    axes.plot(panel.times, value, linewidth=0.9, color=_VALUE)
    middle = (np.nanmax(value) + np.nanmin(value)) / 2
    axes.set_ylim(middle - height / 2, middle + height / 2)
    axes.set_xlim(panel.times[0], panel.times[-1])
    _draw_events(axes, panel.events)
    axes.set_title(panel.title, loc="left", fontsize=10)
    axes.set_ylabel(panel.unit)
    dates = ConciseDateFormatter(axes.xaxis.get_major_locator())  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_formatter(dates)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, alpha=0.25)


def _draw_events(axes: Axes, events: Sequence[Event]) -> None:
    """Draw the span of each event, with a line where it starts, and its cause where there is room."""
    first, last = axes.get_xlim()
    free = first
    for event in events:
        start = max(_moment(event.start), first)
        axes.axvspan(start, _moment(event.end), color=_EVENT, alpha=0.18, linewidth=0)
        axes.axvline(start, color=_EVENT, alpha=0.6, linewidth=1)  # of an event of one reading, this is all
        if start >= free:
            free = start + _APART * (last - first)
            axes.annotate(
                event.cause,
                (start, 0.98),
                (3, 0),
                axes.get_xaxis_transform(),
                "offset points",
                va="top",
                fontsize=8,
                color=_EVENT,
            )


def _moment(time: datetime) -> float:
    return float(date2num(time.astimezone(UTC)))  # type: ignore[no-untyped-call]


def _moments(rows: pa.Table) -> list[str]:
    moments: list[str] = pc.strftime(rows["ts"], format=_TIME_FORMAT).to_pylist()
    return moments
