"""A wind farm of two turbines in its own Iceberg catalog: a month of readings, some spikes, bad and uncertain ones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa

from headrace.environment import iceberg, settings
from headrace.historian.tags import tags
from headrace.project import table_files
from headrace.project.paths import Project
from support.worlds.pumps import empty_plant

START = datetime(2026, 3, 1, tzinfo=UTC)
EVERY = timedelta(minutes=10)
READINGS = 30 * 144
END = START + READINGS * EVERY
BAD, UNCERTAIN = 0x80000000, 0x40000000
SPIKES = {700: 61.0, 2500: 58.0, 2501: 44.0}
"""The values of the readings of W1.wind_speed that are far from the others, by their number."""
OUT = range(3000, 3060)
"""Readings of W1.wind_speed that are bad."""
DOUBTED = range(3200, 3230)
"""Readings of W1.power that are uncertain."""
TAGS = [
    {"tag": "W1.power", "description": "active power of turbine 1", "asset": "farm/north/w1", "unit": "MW"},
    {
        "tag": "W1.wind_speed",
        "description": "wind at the nacelle of turbine 1",
        "asset": "farm/north/w1",
        "unit": "m/s",
    },
    {
        "tag": "W2.wind_speed",
        "description": "wind at the nacelle of turbine 2",
        "asset": "farm/south/w2",
        "unit": "m/s",
    },
]


def time_of(number: int) -> datetime:
    """Return the time of a reading by its number."""
    return START + number * EVERY


def farm(root: Path, folder: Path) -> Project:
    """Return a project in `folder` with only the tables of readings and tags, and the farm's readings."""
    project = empty_plant(root, folder)
    tags.import_tags(settings.load(project, "local"), pa.Table.from_pylist(TAGS))
    number = np.arange(READINGS)
    rng = np.random.default_rng(6)
    first, second = (8 + 4 * np.sin(number / 97 + turn) + rng.normal(0, 0.6, READINGS) for turn in (0.0, 0.4))
    for at, value in SPIKES.items():
        first[at] = value
    good = np.zeros(READINGS, np.int64)
    out, doubted = good.copy(), good.copy()
    out[OUT], doubted[DOUBTED] = BAD, UNCERTAIN
    store(project, "W1.wind_speed", first, out)
    store(project, "W1.power", np.clip(first, 0, 15) ** 3 / 200, doubted)
    store(project, "W2.wind_speed", second, good)
    return project


def store(project: Project, tag: str, values: np.ndarray, quality: np.ndarray, begin: datetime = START) -> None:  # type: ignore[type-arg]
    """Append readings, one every ten minutes from `begin`."""
    stored = {
        "tag": [tag] * len(values),
        "ts": [begin + at * EVERY for at in range(len(values))],
        "value": values,
        "quality": quality,
        "src_topic": ["t"] * len(values),
        "src_partition": [0] * len(values),
        "src_offset": range(len(values)),
        "src_index": [0] * len(values),
    }
    schema = table_files.load_all(project)["historian.readings"].arrow_schema()
    columns = [pa.array(stored[name]) if name in stored else pa.nulls(len(values)) for name in schema.names]
    table = iceberg.load_table(iceberg.connect(settings.load(project, "local")), "historian.readings")
    table.append(pa.table(columns, names=schema.names).cast(schema))
