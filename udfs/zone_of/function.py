"""Geofences: the zone that holds a place. Polygons may have holes, and zones several polygons, as GeoJSON has them."""

import json
from importlib.resources import files
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Doubles = npt.NDArray[np.float64]


def rings(geometry: dict[str, Any]) -> list[Doubles]:
    """Return the borders of a Polygon or a MultiPolygon, each as longitudes and latitudes of its corners."""
    polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    return [np.array(ring, dtype=float)[:, :2] for polygon in polygons for ring in polygon]


FEATURES = json.loads(files(__package__).joinpath("zones.geojson").read_text())["features"]
ZONES = [(each["properties"]["zone"], rings(each["geometry"])) for each in FEATURES]


def compute(latitude: pa.DoubleArray, longitude: pa.DoubleArray) -> pa.StringArray:
    """Return the name of the zone, null where no zone holds the place."""
    y, x = (each.to_numpy(zero_copy_only=False) for each in (latitude, longitude))
    found = np.full(len(y), None, dtype=object)
    for name, borders in reversed(ZONES):
        found[inside(x, y, borders)] = name
    return pa.array(found, pa.string())


def inside(x: Doubles, y: Doubles, borders: list[Doubles]) -> npt.NDArray[np.bool_]:
    """Return for each place whether a ray from it to the east crosses the borders an odd number of times."""
    odd = np.zeros(len(x), dtype=bool)
    for border in borders:
        for (x1, y1), (x2, y2) in pairwise(border):
            if y1 != y2:
                odd ^= ((y1 > y) != (y2 > y)) & (x < (x2 - x1) * (y - y1) / (y2 - y1) + x1)
    return odd
