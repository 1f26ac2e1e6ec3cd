"""Points, bounds, states and trends, case by case."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.errors import UserError
from headrace.historian.aggregates.states import states
from headrace.historian.series.points import Floats, Ints, Points
from headrace.historian.trends.lttb import lttb
from support.historian_questions import S, ask, points, question

unhurried = settings(deadline=None)

BAD, UNCERTAIN, NO_DATA = 0x80000000, 0x40000000, 0x809B0000


def test_of_readings_at_one_instant_the_largest_good_one_holds_and_none_is_lost() -> None:
    inputs = question(
        [(0, 1.0, 0), (5, 9.0, 0), (5, 2.0, UNCERTAIN), (5, None, BAD), (5, 3.0, 0), (10, 9.0, 0)], (0, 10)
    )
    assert list(inputs.points.quality) == [0, BAD, UNCERTAIN, 0, 0, 0]
    assert ask("Maximum", inputs).value[0] == 9
    assert ask("Minimum", inputs).value[0] == 1
    assert ask("Interpolative", question(inputs.points, (5, 10))).value[0] == 9


def test_a_line_arrives_at_the_first_reading_of_an_instant_and_leaves_from_the_last() -> None:
    series = [(0, 0.0, 0), (10, 10.0, 0), (10, 20.0, 0), (20, 20.0, 0)]
    assert list(ask("TimeAverage2", question(series, (0, 10), (10, 20), (0, 20))).value) == [5, 20, 12.5]


def test_a_reading_on_the_border_of_two_intervals_belongs_to_the_later_one_and_backwards_to_the_earlier() -> None:
    series = [(0, 1.0, 0), (5, 2.0, 0), (10, 3.0, 0), (15, 4.0, 0)]
    forward = question(series, (0, 5), (5, 10))
    back = question(series, (5, 10), (0, 5), reverse=True)
    assert list(ask("Maximum", forward).value) == [1, 2]
    assert list(ask("Maximum", back).value) == [3, 2]
    assert list(ask("Maximum", back).ts) == [10 * S, 5 * S]
    assert list(ask("Start", back).value) == [3, 2]
    assert list(ask("MinimumActualTime2", back).ts) == [5 * S + 1000, 1000]


def test_the_creation_mark_at_the_start_of_a_tag_is_not_a_reading_and_one_in_the_middle_is_a_bad_reading() -> None:
    series = [(0, None, NO_DATA), (5, 1.0, 0), (6, None, NO_DATA), (8, 1.0, 0)]
    assert list(points(series).ts) == [5 * S, 6 * S, 8 * S]
    assert ask("DurationBad", question(series, (5, 8))).value[0] == 2000


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_reading_of_usable_quality_that_is_not_a_finite_number_is_refused(value: float) -> None:
    with pytest.raises(UserError, match=r"1 reading\(s\).*T0 at 1970-01-01T00:00:01Z"):
        points([(0, 1.0, 0), (1, value, UNCERTAIN)])
    assert np.isnan(points([(0, 1.0, BAD)]).value[0])


def test_severity_three_which_means_nothing_is_never_good() -> None:
    result = ask("WorstQuality", question([(0, 1.0, 0), (1, 2.0, 0xC0000000), (2, 3.0, 0)], (0, 2)))
    assert result.value[0] == 0xC0000000
    assert ask("Count", question([(0, 1.0, 0), (1, 2.0, 0xC0000000), (2, 3.0, 0)], (0, 2))).value[0] == 1


def test_a_stepped_value_held_past_a_bad_reading_is_uncertain() -> None:
    series = [(0, 4.0, 0), (5, None, BAD), (9, 8.0, 0)]
    result = ask("Interpolative", question(series, (3, 4), (5, 6), (6, 7), stepped=True))
    assert list(result.value) == [4, 4, 4]
    assert [f"{each:#x}" for each in result.status] == ["0x402", "0x40a40402", "0x40a40402"]


def test_states_last_to_the_end_of_the_requested_time_and_count_how_often_they_were_entered() -> None:
    series = [(0, 1.0, 0), (3, 0.0, 0), (4, 1.0, 0), (5, 1.0, 0), (6, None, BAD), (8, 0.0, 0)]
    result = states(question(series, (2, 10), (10, 20)))
    rows = list(zip(result.cell, result.state, result.time // S, result.readings, result.entries, strict=True))
    assert rows == [(0, 0, 3, 2, 2), (0, 1, 3, 2, 1), (1, 0, 10, 0, 0)]


def test_a_tag_without_readings_is_in_no_state() -> None:
    assert len(states(question([], (0, 5))).cell) == 0


@unhurried
@given(
    st.lists(st.tuples(st.integers(0, 10**6), st.floats(-100, 100)), max_size=200),
    st.integers(3, 50),
    st.lists(st.integers(0, 200), max_size=5),
)
def test_lttb_follows_its_definition_however_the_readings_are_split(
    rows: list[tuple[int, float]], count: int, cuts: list[int]
) -> None:
    ts = np.array(sorted(row[0] for row in rows), np.int64)
    value = np.array([row[1] for row in rows], np.float64)
    place = np.arange(len(rows), dtype=np.uint32)
    parts = zip(*(np.split(each, sorted(cuts)) for each in (ts, value, place)), strict=True)
    chosen_ts, chosen_value, chosen = lttb(parts, len(rows), count)
    assert chosen.tolist() == by_definition(ts, value, count)
    assert chosen_ts.tolist() == ts[chosen].tolist()
    assert chosen_value.tolist() == value[chosen].tolist()


def by_definition(ts: Ints, value: Floats, count: int) -> list[int]:
    """Return the indices that Steinarsson's definition selects, over one array."""
    total = len(ts)
    if count >= total:
        return list(range(total))
    x = (ts - ts[0]).astype(float)
    edges = [*np.linspace(1, total - 1, count - 1).astype(np.int64), total]
    kept = [0]
    for low, high, end in zip(edges, edges[1:], edges[2:], strict=False):
        a, b, c = kept[-1], slice(low, high), slice(high, end)
        across = (x[a] - x[c].mean()) * (value[b] - value[a])
        area = np.abs(across - (x[a] - x[b]) * (value[c].mean() - value[a]))
        kept.append(int(low + np.argmax(area)))
    return [*kept, total - 1]


def test_lttb_keeps_a_lone_peak() -> None:
    value = np.zeros(1000)
    value[457] = 100
    ts, _, _ = lttb([(np.arange(1000, dtype=np.int64) * S, value, np.zeros(1000, np.uint32))], 1000, 20)
    assert 457 * S in ts


def test_many_tags_with_many_readings_are_calculated_without_a_loop() -> None:
    tags, each = 200, 5_000
    rng = np.random.default_rng(1)
    tag = np.repeat(np.arange(tags), each)
    ts = np.tile(np.arange(each, dtype=np.int64) * S, tags)
    known = Points.of(
        [str(number) for number in range(tags)], tag, ts, rng.normal(size=tags * each), np.zeros(tags * each, np.uint32)
    )
    inputs = question(known, *((start, start + 50) for start in range(0, each, 50)))
    result = ask("Average", inputs)
    assert result.value.shape == (tags * 100,)
    np.testing.assert_allclose(result.value, known.value.reshape(-1, 50).mean(axis=1))
