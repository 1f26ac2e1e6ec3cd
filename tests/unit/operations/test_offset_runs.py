"""Runs of offsets, held to sets of them."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from headrace.operations.offset_runs import NONE, Runs, reach, runs, union

OFFSETS = st.lists(st.integers(0, 40), max_size=30)


def offsets(covered: Runs) -> set[int]:
    return {offset for first, end in covered.tolist() for offset in range(first, end)}


@given(OFFSETS, OFFSETS)
def test_a_union_has_the_offsets_of_both_in_runs_that_do_not_touch(some: list[int], others: list[int]) -> None:
    covered = union(runs(np.array(some, np.int64)), runs(np.array(others, np.int64)))
    assert offsets(covered) == {*some, *others}
    edges = covered.ravel().tolist()
    assert edges == sorted(set(edges))


@given(st.integers(0, 10), OFFSETS, OFFSETS)
def test_the_reach_ends_at_the_first_record_that_is_not_stored(start: int, stored: list[int], more: list[int]) -> None:
    records = {*stored, *more}

    def next_record(at: int) -> int | None:
        return min((each for each in records if each >= at), default=None)

    end, gap = reach(start, runs(np.array(stored, np.int64)), next_record)
    missing = {*more} - {*stored}
    below = [each for each in stored if each >= start and not any(start <= lost < each for lost in missing)]
    assert end == max([start, *(each + 1 for each in below)])
    assert gap == any(each >= end for each in stored)


def test_without_stored_records_the_reach_ends_at_the_start() -> None:
    assert reach(7, NONE, lambda _at: 7) == (7, False)
