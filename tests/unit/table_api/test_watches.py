"""Watches over one tag return the right events, whatever the order of arrival."""

from __future__ import annotations

from itertools import groupby, pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from table_api.watches.event_frames import EventFrames, Frame
from table_api.watches.in_order import Line, advance, wake
from table_api.watches.stuck_or_silent import Fault, StuckOrSilent
from table_api.watches.watch import Reading, Watch

S = 1_000_000
STUCK = StuckOrSilent(stuck_after=10 * S, silent_after=5 * S, deadband=0.5)
FRAMES = EventFrames(start_above=10.0, end_below=8.0, gap_after=5 * S)


def row(second: float, value: float | None, good: bool = True) -> Reading:
    return Reading(int(second * S), value, good)


def events(watch: Watch[Any, Any], readings: list[Reading], until: float | None = None) -> list[Any]:
    """The events of the watch if all readings arrive at once, up to a second or to the end of input."""
    line: Line[Any] = Line(list(readings))
    return list(advance(watch, line, None if until is None else int(until * S)))


readings = st.builds(
    row,
    st.integers(0, 60).map(lambda half: half / 2),
    st.none() | st.sampled_from([4.0, 4.5, 5.0, 7.9, 8.0, 10.0, 10.1, 12.0, -3.0]),
    st.sampled_from([True, True, True, False]),
)
inputs = st.lists(readings, max_size=40, unique_by=lambda reading: reading.at)
watches = st.sampled_from([STUCK, FRAMES])


@given(inputs, st.lists(st.integers(0, 40 * S), max_size=10), st.data(), watches)
def test_the_order_of_arrival_changes_nothing(
    sent: list[Reading], marks: list[int], data: st.DataObject, watch: Watch[Any, Any]
) -> None:
    came: list[Any] = []
    line: Line[Any] = Line()
    left = sorted(sent)
    for mark in sorted(marks):
        due = [reading for reading in left if reading.at <= mark]
        early = data.draw(st.lists(st.sampled_from(left), unique=True)) if left else []
        arriving = data.draw(st.permutations(list(dict.fromkeys([*due, *early]))))
        left = [reading for reading in left if reading not in arriving]
        line.waiting += arriving
        came += advance(watch, line, mark)
    line.waiting += left
    came += advance(watch, line, None)
    assert line.waiting == []
    at_once: Line[Any] = Line(list(sent))
    assert came == [*advance(watch, at_once, max(marks, default=-1)), *advance(watch, at_once, None)]


@given(inputs, st.integers(0, 40 * S), watches)
def test_there_is_nothing_to_do_before_the_time_that_wake_returns(
    sent: list[Reading], until: int, watch: Watch[Any, Any]
) -> None:
    line: Line[Any] = Line(list(sent))
    advance(watch, line, until)
    time = wake(watch, line)
    if time is None:
        assert (line.waiting, line.memory) == ([], None)
        return
    assert time > until
    before = Line(list(line.waiting), line.memory)
    assert advance(watch, line, time - 1) == []
    assert line == before


@given(inputs)
def test_silence_is_reported_for_each_gap_that_is_too_long(sent: list[Reading]) -> None:
    silences = [fault for fault in events(STUCK, sent, until=200) if fault.kind == "silent"]
    last = {reading.at: reading.value for reading in sent}
    gaps = [at for at, following in pairwise([*sorted(last), 10**12]) if following - at > STUCK.silent_after]
    assert silences == [Fault("silent", at, at + STUCK.silent_after, last[at]) for at in gaps]


@given(inputs)
def test_stuck_is_reported_once_for_each_run_that_is_too_long(sent: list[Reading]) -> None:
    watch = StuckOrSilent(stuck_after=10 * S, silent_after=20 * S, deadband=0)
    stuck = [fault for fault in events(watch, sent) if fault.kind == "stuck"]
    ordered = sorted(sent)
    breaks = {following.at for r, following in pairwise(ordered) if following.at - r.at > watch.silent_after}
    expected = []
    group = 0
    keyed = [(group := group + (r.at in breaks), r) for r in ordered]
    for (_, value), members in groupby(keyed, key=lambda each: (each[0], each[1].value if each[1].good else None)):
        run = [reading for _, reading in members]
        late = next((r for r in run if r.at - run[0].at > watch.stuck_after), None)
        if value is not None and late:
            expected.append(Fault("stuck", run[0].at, late.at, value))
    assert stuck == expected


@given(inputs)
def test_frames_are_the_periods_over_the_limit(sent: list[Reading]) -> None:
    ordered = sorted(sent)
    good = [(r.at, r.value) for r in ordered if r.good and r.value is not None]
    frames: list[Frame] = events(FRAMES, sent, until=200)
    inside: list[int] = []
    for frame in frames:
        own = [(at, v) for at, v in good if frame.started_at <= at <= frame.ended_at]
        if frame.closed_by == "condition":
            end_at, below = own.pop()
            assert end_at == frame.ended_at
            assert below < FRAMES.end_below
        else:
            following = min((at for at, _ in good if at > frame.ended_at), default=10**12)
            assert following - frame.ended_at > FRAMES.gap_after
        times, values = [at for at, _ in own], [v for _, v in own]
        assert values[0] > FRAMES.start_above
        assert min(values) >= FRAMES.end_below
        assert all(b - a <= FRAMES.gap_after for a, b in pairwise(times))
        assert (times[0], len(own)) == (frame.started_at, frame.readings)
        assert (frame.max_value, frame.max_at) == (max(values), times[values.index(max(values))])
        assert frame.mean_value == pytest.approx(sum(values) / len(values))
        assert frame.duration_s == pytest.approx((frame.ended_at - frame.started_at) / S)
        inside += times
    assert len(inside) == len(set(inside))
    assert {at for at, v in good if v > FRAMES.start_above} <= set(inside)


def test_a_gap_of_exactly_the_limit_is_allowed() -> None:
    assert events(STUCK, [row(0, 1.0), row(5, 9.0)]) == []
    assert events(STUCK, [row(0, 1.0), row(5.000001, 9.0)]) == [Fault("silent", 0, 5 * S, 1.0)]
    assert [f.closed_by for f in events(FRAMES, [row(0, 11.0), row(5, 11.0), row(6, 1.0)])] == ["condition"]
    assert [f.closed_by for f in events(FRAMES, [row(0, 11.0), row(5.000001, 1.0)])] == ["gap"]


def test_the_end_of_input_is_not_silence() -> None:
    assert events(STUCK, [row(0, 1.0)]) == []
    assert events(STUCK, [row(0, 1.0)], until=5) == [Fault("silent", 0, 5 * S, 1.0)]
    assert events(FRAMES, [row(0, 11.0)]) == []


def test_a_drift_within_the_deadband_of_each_last_reading_is_a_change() -> None:
    assert events(STUCK, [row(n, n * 0.25) for n in range(40)]) == []
    assert events(STUCK, [row(n, n % 2 * 0.5) for n in range(40)]) == [Fault("stuck", 0, 11 * S, 0.5)]


def test_a_bad_reading_ends_a_run_but_not_a_frame() -> None:
    assert events(STUCK, [row(n, 1.0, good=n != 8) for n in range(17)]) == []
    frames = events(FRAMES, [row(0, 11.0), row(1, 0.0, good=False), row(2, None), row(3, 13.0), row(4, 7.0)])
    assert frames == [Frame(0, 4 * S, 4.0, 13.0, 3 * S, 12.0, 2, "condition")]


def test_of_two_readings_at_one_time_the_last_to_arrive_counts() -> None:
    frames = events(FRAMES, [row(0, 11.0), row(1, 99.0), row(2, 7.0), row(1, 13.0)])
    assert frames == [Frame(0, 2 * S, 2.0, 13.0, 1 * S, 12.0, 2, "condition")]


def test_a_tag_that_is_silent_is_forgotten() -> None:
    line: Line[Any] = Line([row(0, 1.0)])
    advance(STUCK, line, 5 * S)
    assert (line.waiting, line.memory, wake(STUCK, line)) == ([], None, None)


@pytest.mark.parametrize(
    "make",
    [
        lambda: StuckOrSilent(stuck_after=0, silent_after=1, deadband=0),
        lambda: StuckOrSilent(stuck_after=1, silent_after=0, deadband=0),
        lambda: StuckOrSilent(stuck_after=1, silent_after=1, deadband=float("nan")),
        lambda: EventFrames(start_above=1, end_below=2, gap_after=1),
        lambda: EventFrames(start_above=float("nan"), end_below=2, gap_after=1),
        lambda: EventFrames(start_above=1, end_below=1, gap_after=0),
    ],
)
def test_invalid_limits_are_refused(make: Any) -> None:
    with pytest.raises(ValueError, match="above"):
        make()
