"""The models of engine_wear and engine_rul are those that train.py makes, and are as good as the page says."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from types import ModuleType

import numpy as np
import pyarrow as pa
import pytest

from headrace_udfs.arrays import Doubles
from support import ROOT

DATA = ROOT / "tests" / "gallery" / "data" / "cmapss"


@pytest.fixture(scope="module")
def modules() -> Iterator[tuple[ModuleType, ModuleType, ModuleType]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "udfs"))
        wear, rul, train = map(
            importlib.import_module, ("engine_wear.function", "engine_rul.function", "engine_rul.train")
        )
        yield wear, rul, train


def rows(name: str) -> Doubles:
    return np.loadtxt(DATA / f"{name}_FD001.txt.xz")


def test_the_models_are_those_of_the_training_set(modules: tuple[ModuleType, ...]) -> None:
    wear, rul, train = modules
    flights = rows("train")
    weights, offset = train.wear(flights[:, train.SENSORS])
    np.testing.assert_allclose(weights, wear.WEIGHTS, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(offset, wear.OFFSET, rtol=1e-6)
    lives = np.array([flights[flights[:, 0] == engine][-1, 1] for engine in flights[:, 0]])
    read = train.inputs(flights[:, train.SENSORS] @ weights + offset, flights[:, 1])
    made = train.ridge(read, lives - flights[:, 1])
    # The weights themselves depend on how a machine rounds.
    np.testing.assert_allclose(made.flights_left(read[::50]), rul.MODEL.flights_left(read[::50]), atol=1e-2)


def test_the_error_on_the_test_set_is_that_of_the_page(modules: tuple[ModuleType, ...]) -> None:
    wear, rul, train = modules
    flights = rows("test")
    worn = wear.compute(pa.array(flights[:, train.SENSORS].tolist(), pa.list_(pa.float64())))
    last = np.flatnonzero(np.append(np.diff(flights[:, 0]) != 0, True))
    recent = [slice(end + 1 - min(40, int(flights[end, 1])), end + 1) for end in last]
    levels, shapes = (pa.array([worn[name].to_pylist()[each] for each in recent]) for name in ("level", "shape"))
    found = rul.compute(levels, shapes, pa.array(flights[last, 1].astype(np.int64))).to_numpy()
    error = float(np.sqrt(((found - rows("RUL")) ** 2).mean()))
    assert error == pytest.approx(13.38, abs=0.01)


def test_a_flight_counts_whatever_stands_next_to_it_in_a_batch(modules: tuple[ModuleType, ...]) -> None:
    _, rul, _ = modules
    lists = [[1.0, 2.0], None, [], [None], [0.5] * 60, [3.0, None, 4.0]]
    kind = pa.list_(pa.float64())
    flights = pa.array([2, 1, 1, 1, 60, None], pa.int64())
    whole = rul.compute(pa.array(lists, kind), pa.array(lists, kind), flights).to_pylist()
    each = [
        rul.compute(pa.array([one], kind), pa.array([one], kind), flights.slice(n, 1)).to_pylist()[0]
        for n, one in enumerate(lists)
    ]
    assert whole == each
    assert [value is None for value in whole] == [False, True, True, True, False, True]
    sliced = rul.compute(pa.array(lists, kind).slice(4), pa.array(lists, kind).slice(4), flights.slice(4)).to_pylist()
    assert sliced == whole[4:]
