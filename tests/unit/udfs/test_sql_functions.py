"""The functions that SQL can name: the published values of their sources, and properties of every input."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace_udfs.angles import angle_difference
from headrace_udfs.argument_types import arrow_type
from headrace_udfs.function_doc import FunctionDoc
from headrace_udfs.humid_air import dew_point, moist_air_density
from headrace_udfs.quality import quality_name
from headrace_udfs.score import modified_z
from headrace_udfs.sql_functions import FUNCTIONS
from headrace_udfs.status_codes import SEVERITY
from headrace_udfs.steam import CRITICAL_POINT, TRIPLE_POINT, steam_saturation_temperature

temperatures = st.floats(-45, 60)
humidities = st.floats(0.1, 100)
anything: dict[str, st.SearchStrategy[Any]] = {
    "double": st.none() | st.floats(),
    "long": st.none() | st.integers(-(2**63), 2**63 - 1) | st.sampled_from([*SEVERITY.values(), 2**32]),
}
named = pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)


def one(function: Callable[..., Any], *values: float) -> float:
    (answer,) = function(*(np.array([float(value)]) for value in values)).tolist()
    return float(answer)


@pytest.mark.parametrize(("megapascal", "kelvin"), [(0.1, 0.372755919e3), (1.0, 0.453035632e3), (10.0, 0.584149488e3)])
def test_water_boils_as_in_table_36_of_iapws_if97(megapascal: float, kelvin: float) -> None:
    assert one(steam_saturation_temperature, megapascal * 10) + 273.15 == pytest.approx(kelvin, abs=5e-7)


def test_the_saturation_line_goes_from_0_degrees_to_the_critical_point() -> None:
    assert one(steam_saturation_temperature, TRIPLE_POINT) == pytest.approx(0, abs=1e-4)
    assert one(steam_saturation_temperature, CRITICAL_POINT) == pytest.approx(647.096 - 273.15, abs=1e-3)
    beyond = np.array([np.nextafter(TRIPLE_POINT, 0), np.nextafter(CRITICAL_POINT, 1e3), -1, np.inf, np.nan])
    assert np.isnan(steam_saturation_temperature(beyond)).all()


@given(st.floats(TRIPLE_POINT, CRITICAL_POINT), st.floats(1.001, 2))
def test_water_under_more_pressure_boils_later(pressure: float, more: float) -> None:
    if pressure * more <= CRITICAL_POINT:
        assert one(steam_saturation_temperature, pressure * more) > one(steam_saturation_temperature, pressure)


def test_the_dew_point_of_a_room_is_that_of_published_tables() -> None:
    assert one(dew_point, 20, 50) == pytest.approx(9.3, abs=0.05)
    assert one(dew_point, 25, 60) == pytest.approx(16.7, abs=0.05)


@given(temperatures)
def test_saturated_air_is_at_its_dew_point(temperature: float) -> None:
    point = one(dew_point, temperature, 100)
    assert point == pytest.approx(temperature, abs=1e-9) or temperature == -45


@given(temperatures, humidities, humidities)
def test_the_dew_point_rises_with_humidity_up_to_the_temperature(temperature: float, one_: float, other: float) -> None:
    low, high = sorted([one_, other])
    drier, damper = one(dew_point, temperature, low), one(dew_point, temperature, high)
    assert math.isnan(drier) or drier <= damper <= temperature + 1e-9


@pytest.mark.parametrize(
    ("temperature", "humidity"),
    [(-45.1, 50), (60.1, 50), (20, 0), (20, -1), (20, 100.1), (-45, 1), (np.nan, 50), (20, np.nan), (np.inf, 50)],
)
def test_there_is_no_dew_point_beyond_the_formulas_bounds(temperature: float, humidity: float) -> None:
    assert math.isnan(one(dew_point, temperature, humidity))


def test_dry_air_of_the_standard_atmosphere_has_its_density() -> None:
    assert one(moist_air_density, 15, 1013.25, 0) == pytest.approx(1.225, abs=5e-5)


@given(temperatures, st.floats(300, 1100), humidities)
def test_humid_air_is_lighter_than_dry_air(temperature: float, pressure: float, humidity: float) -> None:
    assert one(moist_air_density, temperature, pressure, humidity) <= one(moist_air_density, temperature, pressure, 0)


@pytest.mark.parametrize(
    "inputs", [(61, 1000, 50), (-46, 1000, 50), (20, 299, 50), (20, 1101, 50), (20, 1000, -1), (20, 1000, 101)]
)
def test_there_is_no_density_beyond_the_bounds(inputs: tuple[float, ...]) -> None:
    assert math.isnan(one(moist_air_density, *inputs))


@pytest.mark.parametrize(
    ("angle", "reference", "turn"),
    [(10, 350, 20), (350, 10, -20), (180, 0, 180), (0, 180, 180), (-180, 180, 0), (725, 0, 5), (90, 90, 0)],
)
def test_the_short_way_round_is_taken(angle: float, reference: float, turn: float) -> None:
    assert one(angle_difference, angle, reference) == turn


@given(st.integers(-10_000, 10_000), st.integers(-10_000, 10_000), st.integers(-20, 20))
def test_whole_turns_do_not_count_and_the_way_back_is_the_way_there(angle: int, reference: int, turns: int) -> None:
    turn = one(angle_difference, angle, reference)
    assert -180 < turn <= 180
    assert (turn - (angle - reference)) % 360 == 0
    assert one(angle_difference, angle + 360 * turns, reference) == turn
    assert one(angle_difference, reference, angle) == (-turn if turn != 180 else 180)


@given(st.integers(-(2**63), 2**63 - 1))
def test_a_status_code_is_named_by_its_top_two_bits(status: int) -> None:
    names = {0b00: "Good", 0b01: "Uncertain", 0b10: "Bad"}
    expected = names.get(status >> 30) if 0 <= status < 2**32 else None
    assert quality_name(pa.array([status, None])).to_pylist() == [expected, None]


@given(st.floats(allow_nan=False), st.floats(), st.floats(), st.sampled_from([0, 0x00960000, 0x40000000, -1, 2**40]))
def test_the_score_in_sql_equals_that_of_arrays(value: float, median: float, mad: float, quality: int) -> None:
    doubles = {"value": value, "median": median, "mad": mad}
    columns = {name: pa.array([double]) for name, double in doubles.items()} | {"quality": pa.array([quality])}
    (answer,) = FUNCTIONS["modified_z_score"].apply(columns)["modified_z_score"].to_pylist()
    (expected,) = modified_z(np.array([value]), np.array([quality]), np.array([median]), np.array([mad])).tolist()
    assert answer == expected or (answer is None and math.isnan(expected))


@named
@given(data=st.data())
def test_no_value_makes_a_function_fail_and_none_changes_another_rows_answer(
    function: FunctionDoc, data: st.DataObject
) -> None:
    row = st.tuples(*(anything[column.type] for column in function.inputs.values()))
    rows = data.draw(st.lists(row, min_size=1, max_size=40))
    (output,) = function.outputs.items()

    def answers(part: list[tuple[Any, ...]]) -> list[Any]:
        values = zip(*part, strict=True)
        columns = {
            name: pa.array(column, arrow_type(kind.type))
            for (name, kind), column in zip(function.inputs.items(), values, strict=True)
        }
        (array,) = function.apply(columns).values()
        assert array.type == arrow_type(output[1].type)
        return list(array.to_pylist())

    together = answers(rows)
    assert together == [answer for each in rows for answer in answers([each])]
    assert not any(isinstance(answer, float) and math.isnan(answer) for answer in together)


@named
@given(data=st.data())
def test_a_null_or_nan_double_gives_null(function: FunctionDoc, data: st.DataObject) -> None:
    missing = data.draw(st.sampled_from(list(function.inputs)))
    columns = dict(function.example_columns())
    kind = arrow_type(function.inputs[missing].type)
    nothing = data.draw(st.sampled_from([None, math.nan])) if kind == pa.float64() else None
    columns[missing] = pa.array([nothing] * len(columns[missing]), kind)
    (answers,) = function.apply(columns).values()
    assert answers.null_count == len(answers)
