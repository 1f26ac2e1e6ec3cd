"""Models of the kinds baseline and onnx: what they expect, refuse and flag, and that they travel as others do."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace_udfs.scoring import fit_baseline, fit_networks, model
from headrace_udfs.scoring.fit_networks import Declared, Use
from headrace_udfs.scoring.model import CAUSES, Model, Scored
from headrace_udfs.scoring.parts import part
from headrace_udfs.scoring.tags import Tag
from support import onnx_files

Doubles = npt.NDArray[np.float64]
Positions = npt.NDArray[np.int64]

STEP_US = 600_000_000
HELD_BACK = 40 * 144
SIGNALS = ("speed", "flow", "angle", "setpoint")
TAGS = [
    Tag(f"{pump}.{signal}", signal == "angle", tuple(f"{pump}.{other}" for other in SIGNALS if other != signal))
    for pump in ("p", "q")
    for signal in SIGNALS
]
FLOW, ANGLE, OTHER = 1, 2, 5


def pumps(seed: int, days: int) -> tuple[Positions, Doubles]:
    """Two pumps, whose flow follows the speed; the angle stays within 30 degrees of north; the setpoint is constant."""
    random = np.random.default_rng(seed)
    n = days * 144
    columns = []
    for phase in (0, 2):
        speed = 1200 + 300 * np.sin(np.arange(n) / 40 + phase) + random.normal(0, 5, n)
        flow = speed / 20 + random.normal(0, 0.6, n)
        columns += [speed, flow, np.mod(random.normal(0, 10, n), 360), np.full(n, 7.0)]
    return np.arange(n) * STEP_US, np.stack(columns, axis=1)


def uses() -> tuple[Use, ...]:
    return tuple(Use((f"{pump}.speed",), (f"{pump}.flow", None)) for pump in ("p", "q"))


SLOPES = np.array([[0.05, 3.0]])


def onnx(file: bytes = onnx_files.line(SLOPES), refused: dict[str, str] | None = None) -> Model:
    return fit_networks.fit(
        TAGS, *pumps(1, 120), [Declared(file, uses())], refused=refused or {}, held_back=HELD_BACK, budget=0.5
    )


@pytest.fixture(scope="module", params=["limit", "budget", "onnx"])
def known(request: pytest.FixtureRequest) -> Model:
    if request.param == "onnx":
        return onnx()
    return fit_baseline.fit(TAGS, *pumps(1, 120), budget=0.5 if request.param == "budget" else None)


def scores(of: Model, times: Positions, values: Doubles) -> Scored:
    return of.score(of.fresh(), times, values)[1]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 500), max_size=5).map(sorted))
def test_batches_change_no_bit(known: Model, places: list[int]) -> None:
    times, values = pumps(2, 5)
    whole, state = scores(known, times, values), known.fresh()
    parts = []
    for first, last in zip([0, *places], [*places, len(times)], strict=True):
        state, one = known.score(state, times[first:last], values[first:last])
        parts.append(one)
    for field in fields(Scored):
        joined = np.concatenate([getattr(one, field.name) for one in parts])
        np.testing.assert_array_equal(joined, getattr(whole, field.name))


def test_the_artefact_and_its_card_hold_the_whole_model(known: Model) -> None:
    back = model.load(known.save(), known.card())
    assert (back.save(), back.card()) == (known.save(), known.card())
    times, values = pumps(3, 10)
    for field in fields(Scored):
        np.testing.assert_array_equal(
            getattr(scores(back, times, values), field.name), getattr(scores(known, times, values), field.name)
        )


def test_a_part_scores_as_the_whole(known: Model) -> None:
    times, values = pumps(4, 10)
    second = [4, 5, 6, 7]
    found, whole = scores(part(known, second), times, values[:, second]), scores(known, times, values)
    for field in fields(Scored):
        np.testing.assert_array_equal(getattr(found, field.name), getattr(whole, field.name)[:, second])


def test_a_constant_tag_is_refused_and_a_usual_span_is_quiet(known: Model) -> None:
    assert known.refused["p.setpoint"] == "constant"
    found = scores(known, *pumps(5, 60))
    assert np.isnan(found.score[:, [3, 7]]).all()
    assert found.anomaly.mean() < 0.002
    live = [at for at, tag in enumerate(TAGS) if tag.name not in known.refused]
    assert np.isfinite(found.score[:, live]).all()


def test_a_limit_is_3_5_scales_of_the_median_as_the_formula_has_it() -> None:
    known = fit_baseline.fit(TAGS, *pumps(1, 120), budget=None)
    times, values = pumps(6, 30)
    values[::50, FLOW] += 400
    found = scores(known, times, values)
    column = pumps(1, 120)[1][:, FLOW]
    median = np.median(column)
    z = np.abs(0.6745 * (values[:, FLOW] - median) / np.median(np.abs(column - median)))
    assert (found.anomaly[:, FLOW] == (z > 3.5)).all()
    assert found.anomaly[::50, FLOW].all()
    np.testing.assert_allclose(found.score[:, FLOW], np.log((1 + z) / 4.5), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found.expected[:, FLOW], median)
    width = found.high[:, FLOW] - found.low[:, FLOW]
    np.testing.assert_allclose(width, 7 * np.median(np.abs(column - median)) / 0.6745, rtol=1e-5)
    assert {CAUSES[cause] for cause in found.cause[found.anomaly]} == {"level"}


def test_a_baseline_has_no_memory() -> None:
    known = fit_baseline.fit(TAGS, *pumps(1, 120), budget=0.5)
    times, values = pumps(7, 20)
    before = values.copy()
    before[:1440, FLOW] = 1e6
    np.testing.assert_array_equal(
        scores(known, times, before).score[1440:], scores(known, times, values).score[1440:]
    )  # fmt: skip


def test_a_baseline_of_an_angle_goes_round_north() -> None:
    known = fit_baseline.fit(TAGS, *pumps(1, 120), budget=None)
    times, values = pumps(8, 2)
    values[:, ANGLE] = 180.0
    values[:100, ANGLE] = np.where(np.arange(100) % 2, 1.0, 359.0)
    found = scores(known, times, values).anomaly[:, ANGLE]
    assert not found[:100].any()
    assert found[100:].all()


def test_a_tag_whose_half_is_one_value_has_no_baseline() -> None:
    times, values = pumps(1, 120)
    values[: len(values) * 2 // 3, FLOW] = 50.0
    known = fit_baseline.fit(TAGS, times, values, budget=None)
    assert "half of its readings are equal" in known.refused["p.flow"]
    assert np.isnan(scores(known, times, values).score[:, FLOW]).all()


def test_an_offset_from_the_network_is_found_and_other_tags_have_a_reason() -> None:
    known = onnx()
    assert known.refused["p.speed"] == "no network expects it"
    times, values = pumps(9, 20)
    np.testing.assert_allclose(scores(known, times, values).expected[:, FLOW], values[:, 0] / 20, atol=0.5)
    values[2000:2200, OTHER] += 4
    found = scores(known, times, values)
    assert found.anomaly[2005:2200, OTHER].all()
    assert not found.anomaly[2005:2200, FLOW].any()


def test_a_network_cannot_be_alarmed_by_its_own_error() -> None:
    """A network that is off by a constant and noisy gets a wide limit, not a standing alarm."""
    poor = onnx(onnx_files.line(SLOPES * 0.8, (15.0, 0.0)))
    assert poor.false_events[FLOW] < 2
    assert scores(poor, *pumps(10, 60)).anomaly.mean() < 0.005


def test_thresholds_come_from_what_was_held_back_alone() -> None:
    times, values = pumps(1, 120)
    rough = values.copy()
    quiet = len(times) - HELD_BACK
    rough[:quiet:300, FLOW] += 30
    levels = [
        fit_networks.fit(TAGS, times, each, [Declared(onnx_files.line(SLOPES), uses())], refused={},
                         held_back=HELD_BACK, budget=0.5).thresholds.level[0, FLOW]
        for each in (values, rough)
    ]  # fmt: skip
    assert levels[0] == pytest.approx(levels[1], rel=0.1)


def test_a_reason_that_a_network_cannot_be_used_is_kept() -> None:
    assert onnx(refused={"q.flow": "its asset has no inlet"}).refused["q.flow"] == "its asset has no inlet"


def test_a_log_scale_of_the_network_counts() -> None:
    """The flow of a pump is ten times as noisy at high speed; a network that says so finds a small offset at low speed.

    Without the scale, the tables learn it from the inputs.
    """
    random = np.random.default_rng(11)
    times, values = pumps(1, 120)
    values[:, FLOW] = values[:, 0] / 20 + random.normal(0, 0.2, len(times)) * np.where(values[:, 0] > 1200, 10, 1)
    nodes = [
        onnx_files.Node("Mul", ["x", "slope"], ["expected"]),
        onnx_files.Node("Sub", ["x", "middle"], ["a"]),
        onnx_files.Node("Sign", ["a"], ["b"]),
        onnx_files.Node("Mul", ["b", "ten"], ["log_scale"]),
    ]
    constants = {"slope": np.array([0.05], np.float32), "middle": np.array([1200.0], np.float32),
                 "ten": np.array([np.log(10) / 2], np.float32)}  # fmt: skip
    file = onnx_files.file(nodes, constants, [onnx_files.End("x", ["n", 1])],
                           [onnx_files.End(name, ["n", 1]) for name in ("expected", "log_scale")])  # fmt: skip
    use = [Declared(file, (Use(("p.speed",), ("p.flow",)),))]
    known = fit_networks.fit(TAGS, times, values, use, refused={}, held_back=HELD_BACK, budget=0.5)
    found = scores(known, times, values)
    reach = found.high[:, FLOW] - found.low[:, FLOW]
    fast = values[:, 0] > 1210
    assert np.median(reach[fast]) == pytest.approx(10 * np.median(reach[values[:, 0] < 1190]), rel=0.2)
