"""The demo's readings on a grid: one row per ten minutes, one column per tag, NaN where a reading is missing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt

from headrace.local.demo import dataset
from headrace.project.paths import Project

Doubles = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]

STEP_S = 600
ROWS_PER_HOUR = 3600 // STEP_S
ROWS_PER_DAY = 24 * ROWS_PER_HOUR
MONTH_S = 30.4375 * 86400
ANGLES = ("nacelle_direction", "wind_direction", "vane_angle")
"""The signals that are directions: 359 degrees are next to 1 degree."""


@dataclass(frozen=True)
class Tag:
    """A tag's name, its asset and signal, and whether it is an angle in degrees."""

    name: str
    asset: str
    signal: str
    angle: bool


@dataclass(frozen=True)
class Readings:
    """Readings of all tags: times int64 [n] (epoch seconds, ascending), values float64 [n, tags], NaN where missing."""

    times: Integers
    values: Doubles
    tags: tuple[Tag, ...]

    @property
    def months(self) -> float:
        """The length of the span in months of 30.4375 days."""
        return len(self.times) * STEP_S / MONTH_S

    def column(self, asset: str, signal: str) -> int:
        """Return the column of an asset's signal."""
        return next(at for at, tag in enumerate(self.tags) if (tag.asset, tag.signal) == (asset, signal))

    @property
    def assets(self) -> list[str]:
        """The assets, in the order of their tags."""
        return list(dict.fromkeys(tag.asset for tag in self.tags))

    def of_asset(self, asset: str) -> list[int]:
        """Return the columns of an asset."""
        return [at for at, tag in enumerate(self.tags) if tag.asset == asset]

    def replaced(self, values: Doubles) -> Readings:
        """Return the same readings with other values."""
        return Readings(self.times, values, self.tags)


def load(project: Project, year: int) -> Readings:
    """Return a year of the demo's readings, fetching them on first use."""
    csv = dataset.fetch(project)
    names = dataset.tags().column("tag").to_pylist()
    begin = int(datetime(year, 1, 1, tzinfo=UTC).timestamp())
    end = int(datetime(year + 1, 1, 1, tzinfo=UTC).timestamp())
    times = np.arange(begin, end, STEP_S)
    values = np.full((len(times), len(names)), np.nan)
    found = _columns(csv, begin, end)
    for turbine in set(found["turbine"]):
        of = found["turbine"] == turbine
        for column, (signal, _) in dataset.SIGNALS.items():
            values[found["row"][of], names.index(f"{turbine}.{signal}")] = found[column][of]
    return Readings(times, values, tuple(_tag(name) for name in names))


def _columns(csv: Path, begin: int, end: int) -> dict[str, Any]:
    """Return the columns of the CSV file between two times, with the turbine and the row of the grid."""
    query = f"""
        select
            Wind_turbine_name as turbine,
            cast((epoch(Date_time) - {begin}) / {STEP_S} as bigint) as row,
            {", ".join(f"coalesce(cast({column} as double), 'nan') as {column}" for column in dataset.SIGNALS)}
        from read_csv(?, types = {{'Date_time': 'TIMESTAMPTZ'}})
        where epoch(Date_time) >= {begin} and epoch(Date_time) < {end}
    """
    with duckdb.connect() as connection:
        return dict(connection.execute(query, [str(csv)]).fetchnumpy())


def _tag(name: str) -> Tag:
    asset, signal = name.split(".")
    return Tag(name, asset, signal, signal in ANGLES)
