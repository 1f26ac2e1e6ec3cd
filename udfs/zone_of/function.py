"""Geofences: the zone that holds a place."""

import json
from importlib.resources import files
from itertools import pairwise

import numpy as np
import pyarrow as pa

FEATURES = json.loads(files(__package__).joinpath("zones.geojson").read_text())["features"]
# Each zone: its name and the corners of its border, the last one again the first, as longitude and latitude.
ZONES = [(each["properties"]["zone"], np.array(each["geometry"]["coordinates"][0])) for each in FEATURES]


def compute(latitude: pa.DoubleArray, longitude: pa.DoubleArray) -> pa.StringArray:
    """Return the name of the zone, null where no zone holds the place."""
    y, x = (each.to_numpy(zero_copy_only=False) for each in (latitude, longitude))
    found = np.full(len(y), None, dtype=object)
    for name, border in reversed(ZONES):
        found[_inside(x, y, border)] = name
    return pa.array(found, pa.string())


def _inside(x: np.ndarray, y: np.ndarray, border: np.ndarray) -> np.ndarray:
    """Return whether each place is within the border: a ray to the east crosses it an odd number of times."""
    inside = np.zeros(len(x), dtype=bool)
    for (x1, y1), (x2, y2) in pairwise(border):
        if y1 != y2:
            inside ^= ((y1 > y) != (y2 > y)) & (x < (x2 - x1) * (y - y1) / (y2 - y1) + x1)
    return inside
