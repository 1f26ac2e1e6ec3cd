"""The judge of scores: its measures, the faults that it injects, and the controls that must not do well."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import numpy as np
import pytest

from bench.scoring import controls, faults, labelled, metrics, physics
from bench.scoring.farm import ROWS_PER_DAY, Booleans, Doubles, Readings, Tag
from bench.scoring.judge import Case, Figures, judge
from bench.scoring.protocol import Scored
from headrace.local.demo import dataset

DAYS = 120


@pytest.fixture(scope="module")
def year() -> Readings:
    """A made-up farm: turbines that follow one wind."""
    random = np.random.default_rng(1)
    n = DAYS * ROWS_PER_DAY
    wind = 9 + 3 * np.sin(np.arange(n) / 300) + random.normal(0, 0.3, n)
    sample = {
        "pitch_angle": wind - 5,
        "active_power": np.interp(wind, physics.POWER_CURVE_WIND, physics.POWER_CURVE_KW),
        "wind_speed": wind,
        "vane_angle": random.normal(0, 3, n),
        "outdoor_temperature": 10 + random.normal(0, 2, n),
        "nacelle_direction": np.mod(180 + random.normal(0, 20, n), 360),
        "wind_direction": np.mod(180 + random.normal(0, 20, n), 360),
    }
    tags = tuple(Tag(f"{asset}.{name}", asset, name, name.endswith(("direction", "vane_angle")))
                 for asset in ("A", "B", "C") for name, _ in dataset.SIGNALS.values())  # fmt: skip
    noise = random.normal(0, 0.01, (n, len(tags)))
    return Readings(np.arange(n) * 600, np.stack([sample[tag.signal] for tag in tags], axis=1) + noise, tags)


def nothing(readings: Readings) -> Booleans:
    return np.zeros(readings.values.shape, bool)


def test_faults_of_a_seed_are_always_the_same_and_those_of_another_differ(year: Readings) -> None:
    first, again, other = (faults.injected(year, nothing(year), seed) for seed in (1, 1, 2))
    assert first[1] == again[1] != other[1]
    np.testing.assert_array_equal(first[0].values, again[0].values)


def test_faults_change_their_own_rows_only_and_are_apart_on_an_asset(year: Readings) -> None:
    faulty, placed = faults.injected(year, nothing(year), 3)
    rest = np.ones(year.values.shape, bool)
    for fault in placed:
        span = slice(fault.start, fault.end), list(fault.columns)
        assert (faulty.values[span] != year.values[span]).mean() > 0.5
        assert rest[fault.start - 1 : fault.end + 1, list(fault.columns)].all()
        rest[span] = False
    np.testing.assert_array_equal(faulty.values[rest], year.values[rest])
    for asset in year.assets:
        own = [f for f in placed if any(year.tags[column].asset == asset for column in f.columns)]
        assert all(later.start - sooner.end >= faults.APART for sooner, later in pairwise(own))


def test_every_kind_is_injected(year: Readings) -> None:
    kinds = {fault.kind for fault in faults.injected(year, nothing(year), 4)[1]}
    assert kinds == set(faults.KINDS)


def test_no_fault_is_injected_where_the_farm_itself_is_faulty(year: Readings) -> None:
    real = nothing(year)
    real[: len(real) // 2] = True
    assert all(fault.start > len(real) * 0.45 for fault in faults.injected(year, real, 1)[1])


def test_a_stop_and_a_frozen_sensor_are_real_faults(year: Readings) -> None:
    values = year.values.copy()
    values[1000:1100, year.column("A", "active_power")] = 0
    values[3000:3100, year.column("B", "wind_speed")] = 7.5
    real = physics.real_faults(year.replaced(values))
    assert real[1000:1100, year.of_asset("A")].all()
    assert not real[1000:1100, year.of_asset("B")].any()
    assert real[3000:3100, year.column("B", "wind_speed")].all()
    assert not real[2000:2900].any()


def column(*flagged: int, rows: int = 1000) -> Booleans:
    flags = np.zeros((rows, 1), bool)
    flags[list(flagged)] = True
    return flags


def test_flags_an_hour_apart_are_one_event() -> None:
    flags = column(10, 16, 23, 500)
    assert np.flatnonzero(metrics.event_starts(flags)).tolist() == [10, 23, 500]
    assert metrics.spans(flags[:, 0]) == [(10, 17), (23, 24), (500, 501)]


def test_an_event_of_several_days_is_several_when_precision_is_measured() -> None:
    assert metrics.days_of_events(column(*range(100, 400))[:, 0]) == [(100, 244), (244, 388), (388, 400)]


def test_an_event_that_starts_in_a_real_fault_is_not_false() -> None:
    flags, real = column(10, 11, 12, 500), column(9, 10)
    assert metrics.false_events(flags, real, 2.0).tolist() == [0.5]


def test_the_threshold_is_the_lowest_within_the_budget() -> None:
    scores = np.arange(1000.0).reshape(-1, 1)[np.random.default_rng(1).permutation(1000)]
    threshold = metrics.threshold_at(scores, 5, lambda flags: float(flags.sum()))
    assert threshold == 994


def fault_rows() -> Booleans:
    return column(*range(300, 400), *range(700, 720))


def vus(scores: Doubles) -> float:
    return metrics.vus_pr(scores, fault_rows(), column())


def test_vus_of_a_perfect_score_is_high_of_a_constant_one_chance_and_of_an_inverted_one_low() -> None:
    perfect = vus(metrics._faded(metrics._distance(fault_rows()), 72))
    constant, inverted = vus(np.zeros((1000, 1))), vus(1.0 - fault_rows())
    assert perfect > 0.9
    assert constant == pytest.approx(0.15, abs=0.05)  # with its fading, a label covers more than the 120 rows of 1000
    assert inverted < constant


def test_vus_does_not_reward_one_hit_per_range() -> None:
    """Point adjustment would count each range as found in full."""
    assert vus(column(350, 710).astype(float)) < 0.4


def test_a_missing_score_is_the_lowest() -> None:
    scores = np.where(fault_rows(), 1.0, 0.0)
    np.testing.assert_allclose(vus(np.where(scores > 0, scores, np.nan)), vus(scores))


class _Knowing:
    """Flags what differs from the year without faults."""

    def __init__(self, clean: Readings) -> None:
        self._clean = clean

    def fit(self, train: Readings) -> None:
        pass

    def score(self, readings: Readings) -> Scored:
        differs = readings.values != self._clean.values
        return Scored(differs.astype(float), differs)


def test_a_scorer_that_knows_the_faults_finds_all_and_controls_find_none(year: Readings) -> None:
    case = Case(*faults.injected(year, nothing(year), 5))
    knowing = judge(_Knowing(year), year, year, nothing(year), [case], name="knowing")
    assert knowing.share_found(at_1=False) == knowing.share_found(at_1=True) == 1
    assert knowing.precision_tag == 1
    assert knowing.delay_h("offset") == 0
    always, never = (
        judge(control, year, year, nothing(year), [case], name="") for control in (controls.Always(), controls.Never())
    )
    for each in (always, never):
        assert each.share_found(at_1=False) == each.share_found(at_1=True) == 0
        assert each.vus_pr == [pytest.approx(each.chance)]
    assert msgspec.json.decode(msgspec.json.encode(never), type=Figures) == never
    assert always.flagged == 1
    assert always.precision_tag is not None
    assert always.precision_tag < 0.3


def test_scorers_on_a_labelled_set_are_judged_by_range() -> None:
    random = np.random.default_rng(2)
    values = 50 + np.cumsum(random.normal(0, 0.05, (3000, 1)), axis=0) + random.normal(0, 1, (3000, 1))
    values[2500:2510] += 60
    labels = column(*range(2500, 2510), rows=3000)
    tags = (Tag("a.b", "a", "b", False),)
    train, test = (
        Readings(np.arange(3000)[part] * 3600, values[part], tags) for part in (slice(2000), slice(2000, None))
    )
    found = labelled.judged(labelled.Series("made", train, test, labels[2000:]), "regime_alone")
    assert (found.rows, found.ranges, found.found) == (1000, 1, 1)
    assert found.vus_pr is not None
    assert found.vus_pr > 0.4 > found.chance
    young = labelled.judged(labelled.Series("young", _first(train, 500), test, labels[2000:]), "baseline")
    assert (young.vus_pr, young.found) == (None, None)
    assert labelled._cell(young) == "no score"


def _first(readings: Readings, rows: int) -> Readings:
    return Readings(readings.times[:rows], readings.values[:rows], readings.tags)
