"""The model of regimes: what it finds, what it refuses, and that neither batches nor storage change a score."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace_udfs.scoring import fit, model
from headrace_udfs.scoring.model import CAUSES, Model, Scored
from headrace_udfs.scoring.sources import Sources
from headrace_udfs.scoring.tags import Tag

Doubles = npt.NDArray[np.float64]
Positions = npt.NDArray[np.int64]

STEP_US = 600_000_000
ASSETS, SIGNALS = ("a", "b", "c"), ("wind", "power", "heat", "direction")
DAYS = 40


def tags() -> list[Tag]:
    """Three assets; the heat of `c` stands still."""
    names = [(asset, signal) for asset in ASSETS for signal in SIGNALS]
    return [
        Tag(
            f"{asset}.{signal}",
            signal == "direction",
            tuple(f"{asset}.{other}" for other in SIGNALS if other != signal),
            tuple(f"{other}.{signal}" for other in ASSETS if other != asset),
            signal != "power",
        )
        for asset, signal in names
    ]


def farm(seed: int, days: int = DAYS) -> tuple[Positions, Doubles]:
    random = np.random.default_rng(seed)
    n = days * 144
    wind = 9 + 3 * np.sin(np.arange(n) / 150) + 0.05 * np.cumsum(random.normal(0, 0.3, n)).clip(-20, 20)
    direction = np.cumsum(random.normal(0, 4, n))
    columns = []
    for asset in ASSETS:
        own = wind + random.normal(0, 0.3, n)
        power = 2000 / (1 + np.exp(9 - own)) + random.normal(0, 15, n)
        heat = np.full(n, 5.0) if asset == "c" else 12 + 5 * np.sin(np.arange(n) / 23) + random.normal(0, 0.2, n)
        columns += [own, power, heat, np.mod(direction + random.normal(0, 3, n), 360)]
    values = np.stack(columns, axis=1)
    values[random.random(values.shape) < 0.002] = np.nan
    return np.arange(n) * STEP_US, values


@pytest.fixture(scope="module")
def known() -> Model:
    return fit.fit(tags(), *farm(1))


@pytest.fixture(scope="module")
def later() -> tuple[Positions, Doubles]:
    return farm(2, 20)


def scores(known: Model, times: Positions, values: Doubles) -> Scored:
    return known.score(known.fresh(), times, values)[1]


def at(known: Model, name: str) -> int:
    return [tag.name for tag in known.tags].index(name)


def cut(known: Model, times: Positions, values: Doubles, places: list[int]) -> list[Scored]:
    state, parts = known.fresh(), []
    for first, last in zip([0, *places], [*places, len(times)], strict=True):
        state, part = known.score(state, times[first:last], values[first:last])
        parts.append(part)
    return parts


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 1440), max_size=6).map(sorted))
def test_batches_of_whole_instants_change_no_bit(known: Model, places: list[int]) -> None:
    times, values = farm(2, 10)
    whole, parts = scores(known, times, values), cut(known, times, values, places)
    for field in fields(Scored):
        joined = np.concatenate([getattr(part, field.name) for part in parts])
        np.testing.assert_array_equal(joined, getattr(whole, field.name))


_READING = st.one_of(st.floats(allow_nan=True, allow_infinity=True), st.sampled_from([0.0, 9.0, 1e300, -1e300, 5.0]))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(_READING, min_size=12, max_size=12), min_size=1, max_size=8))
def test_no_score_is_infinite_and_a_reading_that_is_not_there_has_none(known: Model, rows: list[list[float]]) -> None:
    values = np.array(rows)
    found = scores(known, np.arange(len(rows)) * STEP_US, values)
    assert not np.isinf(found.score).any()
    assert np.isnan(found.score[~np.isfinite(values)]).all()
    assert not found.anomaly[np.isnan(found.score)].any()


def test_the_artefact_and_its_card_hold_the_whole_model(known: Model, later: tuple[Positions, Doubles]) -> None:
    artefact = known.save()
    back = model.load(artefact, known.card())
    for field in fields(Scored):
        np.testing.assert_array_equal(
            getattr(scores(back, *later), field.name), getattr(scores(known, *later), field.name)
        )
    assert back.save() == artefact
    assert back.card() == known.card()
    assert len(artefact) / len(tags()) < 8000


def test_a_tag_that_cannot_be_scored_has_a_reason_and_no_score(known: Model, later: tuple[Positions, Doubles]) -> None:
    assert known.refused == {"c.heat": "constant"}
    found = scores(known, *later)
    assert np.isnan(found.score[:, at(known, "c.heat")]).all()
    assert np.isnan(found.expected[:, at(known, "c.heat")]).all()
    rest = [number for number in range(len(known.tags)) if number != at(known, "c.heat")]
    assert np.isfinite(found.score[:, rest]).mean() > 0.97


def test_below_a_month_every_tag_is_learning_and_has_no_score(later: tuple[Positions, Doubles]) -> None:
    young = fit.fit(tags(), *later)
    assert set(young.refused.values()) == {"learning: 19 of 30 days"}
    assert np.isnan(scores(young, *later).score).all()
    assert np.isnan(scores(model.load(young.save(), young.card()), *later).score).all()


def test_a_single_instant_is_nothing_to_learn_from() -> None:
    with pytest.raises(ValueError, match="cannot be learned from 1 instants"):
        fit.fit(tags(), np.zeros(1, np.int64), np.zeros((1, 12)))


def test_a_usual_span_raises_few_anomalies(known: Model, later: tuple[Positions, Doubles]) -> None:
    assert scores(known, *later).anomaly.mean() < 0.01
    assert known.false_events.mean() < 2


def test_most_readings_are_within_the_band(known: Model, later: tuple[Positions, Doubles]) -> None:
    found = scores(known, *later)
    inside = (later[1] >= found.low) & (later[1] <= found.high)
    straight = [number for number, tag in enumerate(known.tags) if not tag.angle]
    assert inside[:, straight][np.isfinite(found.low[:, straight])].mean() > 0.97


def changed(values: Doubles, column: int, rows: slice, to: Doubles | float) -> Doubles:
    copy = values.copy()
    copy[rows, column] = to
    return copy


SPAN = slice(1000, 1400)


@pytest.mark.parametrize(
    ("name", "change", "causes"),
    [
        ("a.wind", lambda v: v + 3, {"level", "jump", "shift_1h", "shift_8h", "shift_2d"}),
        ("b.power", lambda v: v * 0.8, {"level", "jump", "shift_1h", "shift_8h", "shift_2d"}),
        ("a.heat", lambda v: np.full_like(v, v[0]), {"stuck", "level", "jump", "shift_1h", "shift_8h", "shift_2d"}),
        ("b.direction", lambda v: np.mod(v + 40, 360), {"level", "jump", "shift_1h", "shift_8h", "shift_2d"}),
        ("a.heat", lambda v: v + 1000, {"range", "level", "jump"}),
    ],
)
def test_a_fault_is_found_with_its_cause(known: Model, later: tuple[Positions, Doubles], name, change, causes) -> None:  # type: ignore[no-untyped-def]
    times, values = later
    column = at(known, name)
    before = scores(known, times, values)
    after = scores(known, times, changed(values, column, SPAN, change(values[SPAN, column])))
    new = after.anomaly[SPAN, column] & ~before.anomaly[SPAN, column]
    assert new.sum() > 50
    assert {CAUSES[cause] for cause in after.cause[SPAN, column][new]} <= causes | {"noise"}
    np.testing.assert_array_equal(after.score[: SPAN.start], before.score[: SPAN.start])


def test_a_stuck_reading_is_found_by_its_run(known: Model, later: tuple[Positions, Doubles]) -> None:
    times, values = later
    column = at(known, "a.wind")
    after = scores(known, times, changed(values, column, SPAN, values[SPAN, column][0]))
    assert CAUSES.index("stuck") in after.cause[SPAN, column]


def test_a_faulty_tag_is_told_from_its_echoes(known: Model, later: tuple[Positions, Doubles]) -> None:
    times, values = later
    column, power = at(known, "a.wind"), at(known, "a.power")
    faulty = changed(values, column, SPAN, values[SPAN, column] + 4)
    after = scores(known, times, faulty)
    assert after.echo[SPAN, power].mean() > 0.5
    assert after.anomaly[SPAN, column].mean() > 0.5
    assert not (after.echo & after.anomaly).any()
    deaf = replace(known, echoes=replace(known.echoes, usual=np.full_like(known.echoes.usual, np.inf)))
    assert scores(deaf, times, faulty).anomaly[SPAN, power].mean() > after.anomaly[SPAN, power].mean() + 0.3


def test_an_input_is_held_for_three_intervals_and_no_longer(known: Model, later: tuple[Positions, Doubles]) -> None:
    times, values = later
    values = np.where(np.isfinite(values), values, 9.0)
    power = at(known, "a.power")
    found = scores(known, times, changed(values, at(known, "a.heat"), slice(500, 510), np.nan))
    assert np.isfinite(found.expected[500:503, power]).all()
    assert np.isnan(found.expected[503:510, power]).all()
    assert np.isfinite(found.expected[510, power])


def test_what_is_expected_of_an_angle_is_on_its_circle(known: Model, later: tuple[Positions, Doubles]) -> None:
    found = scores(known, *later)
    for name in ("a.direction", "b.direction", "c.direction"):
        low, expected, high = (part[:, at(known, name)] for part in (found.low, found.expected, found.high))
        there = np.isfinite(expected)
        assert there.mean() > 0.9
        assert ((expected[there] >= 0) & (expected[there] < 360)).all()
        assert ((low[there] <= expected[there]) & (expected[there] <= high[there])).all()
        assert (high[there] - low[there] <= 360 + 1e-9).all()


def test_a_failure_of_two_days_of_the_training_does_not_widen_the_limits(known: Model) -> None:
    times, values = farm(1)
    heat = at(known, "a.heat")
    values[1000:1060, heat], values[3000:3060, heat] = 500.0, -300.0
    spoiled = fit.fit(tags(), times, values)
    assert spoiled.limits.high[heat] == pytest.approx(known.limits.high[heat], abs=1.0)
    assert spoiled.limits.low[heat] == pytest.approx(known.limits.low[heat], abs=1.0)


def test_a_machine_at_rest_may_hold_its_reading(known: Model, later: tuple[Positions, Doubles]) -> None:
    times, values = later[0], later[1].copy()
    power, stuck = at(known, "a.power"), CAUSES.index("stuck")
    values[1000:1060, power] = 0.05
    found = scores(known, times, values)
    assert (found.cause[1010:1060, power] != stuck).all()
    values[1000:1060, power] = 300.0
    found = scores(known, times, values)
    assert (found.cause[1010:1060, power] == stuck).any()


def test_only_angles_with_peers_are_watched_for_a_turn(known: Model) -> None:
    watched = np.isfinite(known.thresholds.level[CAUSES.index("turned")])
    assert {tag.name for tag, one in zip(known.tags, watched, strict=True) if one} == {
        "a.direction", "b.direction", "c.direction",
    }  # fmt: skip


def test_one_wrong_direction_of_three_does_not_move_their_middle() -> None:
    of = Sources(4, np.array([[0, 1, 2]]), np.array([True]))
    rows = np.array([[2.0, 358.0, 122.0, 5.0], [np.nan, 350.0, 10.0, 5.0], [np.nan, np.nan, 200.0, 5.0]])
    middle = np.mod(of.columns(np.zeros(3, np.int64), rows)[:, 4], 360)
    np.testing.assert_allclose(np.mod(middle + 1, 360), [3.0, 1.0, 201.0])
