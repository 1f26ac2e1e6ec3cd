"""The function zone_of agrees with Shapely, for polygons with holes and for several of them, also far north."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import shapely

from zone_of import function

HOLE = [[3, 3], [7, 3], [7, 7], [3, 7], [3, 3]]
SHAPES: dict[str, Any] = {
    "a star": {
        "type": "Polygon",
        "coordinates": [[[0, 0], [5, 2], [10, 0], [8, 5], [10, 10], [5, 8], [0, 10], [2, 5]]],
    },
    "a hole": {"type": "Polygon", "coordinates": [[[0, 0], [10, 0], [10, 10], [0, 10]], HOLE]},
    "two parts": {
        "type": "MultiPolygon",
        "coordinates": [[[[0, 0], [4, 0], [4, 4]]], [[[6, 6], [9, 6], [9, 9], [6, 9]], [[7, 7], [8, 7], [8, 8]]]],
    },
    "with heights": {"type": "Polygon", "coordinates": [[[0, 60, 12.5], [9, 60, 12.5], [9, 69, 12.5]]]},
}


def closed(coordinates: list[Any]) -> list[Any]:
    """Return the coordinates with each ring ending where it begins, as GeoJSON has them."""
    if isinstance(coordinates[0][0], int | float):
        return [*coordinates, coordinates[0]] if coordinates[0] != coordinates[-1] else coordinates
    return [closed(each) for each in coordinates]


@pytest.mark.parametrize("name", SHAPES)
def test_places_are_inside_as_shapely_says(name: str) -> None:
    geometry = {**SHAPES[name], "coordinates": closed(SHAPES[name]["coordinates"])}
    shape = shapely.geometry.shape(geometry)
    random = np.random.default_rng(5)
    west, south, east, north = shape.bounds
    x, y = random.uniform(west - 1, east + 1, 5_000), random.uniform(south - 1, north + 1, 5_000)
    found = function.inside(x, y, function.rings(geometry))
    assert 0 < found.sum() < len(x)
    np.testing.assert_array_equal(found, shapely.contains_xy(shape, x, y))


def test_a_missing_coordinate_is_in_no_zone() -> None:
    places = function.compute(pa.array([49.01, None, 49.01]), pa.array([2.55, 2.55, None]))
    assert places.to_pylist() == ["LFPG", None, None]
