"""Event time advances with the slowest partition of a reader."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from headrace_udfs.high_water import IDLE_S, HighWater

NOTHING = np.iinfo(np.int64).min


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def advance(water: HighWater, records: list[tuple[int, int]]) -> list[int]:
    partitions = np.array([p for p, _ in records], np.int64)
    times = np.array([t for _, t in records], np.int64)
    reached: list[int] = water.advance(times, times >= 0, partitions).tolist()
    return reached


def test_the_partition_furthest_behind_holds_back_the_event_time() -> None:
    water = HighWater(2, 1, Clock())
    assert advance(water, [(0, 100), (0, 900)]) == [NOTHING, NOTHING]
    assert advance(water, [(1, 50), (1, 200), (0, 950), (1, 120)]) == [50, 200, 200, 200]


def test_a_reader_waits_only_for_its_own_partitions() -> None:
    water = HighWater(4, 2, Clock())
    assert advance(water, [(1, 10)]) == [NOTHING]
    assert advance(water, [(3, 20)]) == [10]


def test_an_idle_partition_does_not_count_until_it_has_a_record_again() -> None:
    clock = Clock()
    water = HighWater(2, 1, clock)
    advance(water, [(0, 10)])
    clock.now = IDLE_S + 1
    assert advance(water, [(0, 20)]) == [20]
    assert advance(water, [(1, 5)]) == [5]
    assert advance(water, [(0, 30)]) == [5]


def test_a_record_that_is_not_good_does_not_count() -> None:
    assert advance(HighWater(1, 1, Clock()), [(0, 10), (0, -1), (0, 20)]) == [10, 10, 20]


def test_a_partition_added_meanwhile_counts() -> None:
    water = HighWater(1, 1, Clock())
    assert advance(water, [(0, 10)]) == [10]
    assert advance(water, [(1, 4), (0, 30)]) == [4, 4]


def test_an_empty_batch_gives_an_empty_result() -> None:
    assert advance(HighWater(1, 1, Clock()), []) == []


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 1_000)), max_size=60), st.integers(1, 7))
def test_the_result_does_not_depend_on_the_batches(records: list[tuple[int, int]], size: int) -> None:
    whole = advance(HighWater(4, 1, Clock()), records)
    water = HighWater(4, 1, Clock())
    assert whole == [each for i in range(0, len(records), size) for each in advance(water, records[i : i + size])]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 1_000)), max_size=60))
def test_it_is_the_lowest_event_time_that_each_partition_has_reached(records: list[tuple[int, int]]) -> None:
    reached = dict.fromkeys(range(4), NOTHING)
    expected = []
    for partition, at in records:
        reached[partition] = max(reached[partition], at)
        expected.append(min(reached.values()))
    assert advance(HighWater(4, 1, Clock()), records) == expected
