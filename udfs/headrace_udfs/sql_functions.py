"""The column functions that SQL can name, thin wrappers of pure functions.

A value in a row never stops a job: a function returns null for a value that it cannot process.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from headrace_udfs import angles, humid_air, score, steam
from headrace_udfs import quality as qualities
from headrace_udfs.arrays import Doubles
from headrace_udfs.function_doc import Column, FunctionDoc
from headrace_udfs.types import ARROW


def _doubles(function: Callable[..., Doubles]) -> Callable[..., pa.DoubleArray]:
    """Return `function`, which takes float64 arrays, as a function of Arrow arrays: null becomes NaN and vice versa."""
    return lambda **columns: _nullable(function(**{name: _numpy(column) for name, column in columns.items()}))


def _modified_z_score(
    value: pa.DoubleArray, median: pa.DoubleArray, mad: pa.DoubleArray, quality: pa.Int64Array
) -> pa.DoubleArray:
    codes = quality.fill_null(qualities.UNKNOWN).to_numpy()
    return _nullable(score.modified_z(_numpy(value), codes, _numpy(median), _numpy(mad)))


def _numpy(column: pa.DoubleArray) -> Doubles:
    values: Doubles = column.to_numpy(zero_copy_only=False)
    return values


def _nullable(values: Doubles) -> pa.DoubleArray:
    return pa.array(values, ARROW["double"], from_pandas=True)


def _function(
    name: str,
    compute: Callable[..., pa.Array],
    output: Column,
    *,
    doc: str,
    null: str,
    source: str,
    inputs: Mapping[str, Column],
    example: Mapping[str, Sequence[Any]],
) -> FunctionDoc:
    return FunctionDoc(
        name, doc, null, source, inputs, {name: output}, example, lambda columns: {name: compute(**columns)}
    )


_ALL = (
    _function(
        "angle_difference",
        _doubles(angles.angle_difference),
        Column("double", "deg"),
        doc="The shorter turn from reference to angle: above -180 up to 180, clockwise positive.",
        null="an angle is not finite",
        source="definition",
        inputs={"angle": Column("double", "deg"), "reference": Column("double", "deg")},
        example={"angle": [10.0, 350.0, None], "reference": [350.0, 10.0, 0.0]},
    ),
    _function(
        "dew_point",
        _doubles(humid_air.dew_point),
        Column("double", "degC"),
        doc="Temperature at which the water in air begins to condense.",
        null="temperature or dew point is outside -45 to 60 degC, or humidity not above 0 up to 100 %",
        source="WMO-No. 8, volume I, annex 4.B: Magnus formula over water",
        inputs={"temperature": Column("double", "degC"), "humidity": Column("double", "%")},
        example={"temperature": [20.0, 20.0, 20.0], "humidity": [100.0, 50.0, 0.0]},
    ),
    _function(
        "modified_z_score",
        _modified_z_score,
        Column("double", "1"),
        doc="Distance of a value from the usual readings of its tag, the modified z-score; above 3.5 is unusual.",
        null="value, median or mad is missing, mad is not above 0, or quality is not good",
        source="Iglewicz and Hoaglin 1993: 0.6745 (value - median) / mad",
        inputs={
            "value": Column("double", "the tag's"),
            "median": Column("double", "the tag's"),
            "mad": Column("double", "the tag's"),
            "quality": Column("long"),
        },
        example={"value": [2.6, 8.2, 8.2], "median": [2.45] * 3, "mad": [0.15] * 3, "quality": [0, 0, 0x80000000]},
    ),
    _function(
        "moist_air_density",
        _doubles(humid_air.moist_air_density),
        Column("double", "kg/m3"),
        doc="Density of humid air.",
        null="temperature is outside -45 to 60 degC, pressure outside 300 to 1100 hPa, or humidity outside 0 to 100 %",
        source="IEC 61400-12-1",
        inputs={
            "temperature": Column("double", "degC"),
            "pressure": Column("double", "hPa"),
            "humidity": Column("double", "%"),
        },
        example={"temperature": [15.0, 15.0, 99.0], "pressure": [1013.25] * 3, "humidity": [0.0, 100.0, 0.0]},
    ),
    _function(
        "quality_name",
        qualities.quality_name,
        Column("string"),
        doc="Severity of a quality: Good, Uncertain or Bad.",
        null="the quality is not a valid OPC UA StatusCode",
        source="OPC 10000-4 (OPC UA Part 4), StatusCode: the top two bits",
        inputs={"quality": Column("long")},
        example={"quality": [0, 0x40900000, 0x808C0000, -1]},
    ),
    _function(
        "steam_saturation_temperature",
        _doubles(steam.steam_saturation_temperature),
        Column("double", "degC"),
        doc="Temperature at which water boils.",
        null="pressure is outside 0.00611213 to 220.64 bar (absolute)",
        source="IAPWS-IF97 (IAPWS R7-97), region 4, equation 31",
        inputs={"pressure": Column("double", "bar")},
        example={"pressure": [1.01325, 10.0, 300.0]},
    ),
)

FUNCTIONS: Mapping[str, FunctionDoc] = {function.name: function for function in _ALL}
"""The description of each function, by its name in SQL."""
