"""The offsets of a span of time: its first and its last record, whatever the broker knows of times before them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.environment.kafka import OffsetRange
from headrace.operations.replay import span

MARK = 10**6
"""The time of a mark that ends a transaction, which is that of its commit."""


def at(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)


def offsets(
    log: Sequence[tuple[int, bool]], since: int, until: int | None, first: int = 0, size: int = 100
) -> tuple[int, int]:
    """Return the span in a partition that begins at `first` with these times in seconds; False stands for a mark.

    size: bytes of each record.
    """

    def known(time: int | None) -> int | None:
        return next((first + n for n, (each, _) in enumerate(log) if time is not None and each >= time), None)

    def records(offset: int) -> span.Records:
        return [(first + n, at(time), size) for n, (time, record) in enumerate(log) if record and first + n >= offset]

    times = (at(since), None if until is None else at(until))
    return span.offsets(OffsetRange(first, first + len(log)), times, known(since), known(until), records)


def records(*times: int) -> list[tuple[int, bool]]:
    return [(time, True) for time in times]


@pytest.mark.parametrize(
    ("log", "since", "until", "found"),
    [
        ([], 0, 5, (0, 0)),
        (records(1, 2, 3), 2, 3, (1, 2)),
        (records(1, 2, 3), 2, None, (1, 3)),
        (records(1, 2, 3), 0, 9, (0, 3)),
        (records(1, 2, 3), 4, 9, (3, 3)),
        (records(5, 6), 1, 3, (2, 2)),
        (records(1, 4), 2, 3, (2, 2)),
        # Two transactions whose records are older than their marks.
        ([*records(1, 2), (MARK, False), *records(3, 4), (MARK, False)], 3, 4, (3, 4)),
        ([*records(1, 2), (MARK, False), *records(3, 4), (MARK, False)], 1, 3, (0, 2)),
        ([*records(1, 2), (MARK, False), *records(3, 4), (MARK, False)], 5, 6, (6, 6)),
        # A clock that was ahead, before the span and in it.
        (records(99, 1, 2, 3, 4), 2, 4, (2, 4)),
        (records(1, 2, 99, 3, 4), 2, 4, (1, 4)),
        # One that was behind, after it.
        (records(1, 2, 3, 9, 2, 9), 2, 4, (1, 5)),
        (records(1, 2, 3, 9, 0, 9), 2, 4, (1, 3)),
    ],
)
def test_a_span_begins_and_ends_with_a_record_of_it(
    log: list[tuple[int, bool]], since: int, until: int | None, found: tuple[int, int]
) -> None:
    assert offsets(log, since, until) == found
    assert offsets(log, since, until, first=7) == (found[0] + 7, found[1] + 7)


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans())), st.integers(0, 20), st.none() | st.integers(1, 20))
def test_no_record_of_the_span_is_left_out(log: list[tuple[int, bool]], since: int, length: int | None) -> None:
    until = None if length is None else since + length
    known = [(time if record else MARK, record) for time, record in log]
    start, end = offsets(known, since, until)
    of_span = [n for n, (time, record) in enumerate(log) if record and time >= since and (not until or time < until)]
    assert start == (of_span[0] if of_span else len(log))
    assert not of_span or of_span[-1] < end
    # Nothing of later times follows the last one; earlier ones may, which nobody can know without reading all.
    follow = log[of_span[-1] + 1 : end] if of_span else log[start:end]
    assert until is None or not any(record and time >= until for time, record in follow)


def test_what_follows_is_looked_at_for_a_while_only() -> None:
    log = [*records(1, 9), *records(*[9] * (span.LOOK_AHEAD - 1)), *records(2)]
    assert offsets(log, 1, 3) == (0, 1)
    assert offsets(log[1:], 1, 3) == (span.LOOK_AHEAD, span.LOOK_AHEAD + 1)
    assert offsets(records(1, 9, 9, 2), 1, 3) == (0, 4)
    assert offsets(records(1, 9, 9, 2), 1, 3, size=span.LOOK_AHEAD_BYTES // 2) == (0, 1)
