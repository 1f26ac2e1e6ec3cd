"""A stream of scores: however it is cut, mixed, stored and divided, its rows are those of one call with everything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from random import Random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace_udfs.scoring import alignment, stored, stream, tables
from headrace_udfs.scoring.alignment import Readings
from headrace_udfs.scoring.buckets import buckets
from headrace_udfs.scoring.events import Event
from headrace_udfs.scoring.model import Scored
from headrace_udfs.scoring.parts import part
from headrace_udfs.scoring.score_rows import REASONS, score_rows
from headrace_udfs.scoring.stream import Found, Memory, Scorer
from support.worlds import two_sites

STEP_US = two_sites.STEP_US
HOUR_US = 3_600_000_000
FROM_US = 36 * 6 * STEP_US + 7
NAMES = [tag.name for tag in two_sites.tags()]


def whole(pin: str = "sites@1") -> Scorer:
    return Scorer(pin, two_sites.model(), STEP_US, FROM_US)


def plant(seed: int, days: int = 3) -> Readings:
    """Readings at times of their own, with faults of sensors, bad qualities, texts, corrections and copies."""
    random = np.random.default_rng(seed)
    times, values = two_sites.readings(seed, days)
    for _ in range(6):
        first, column = int(random.integers(0, len(times) - 30)), int(random.integers(0, len(NAMES)))
        values[first : first + int(random.integers(1, 30)), column] += random.choice([40.0, 300.0])
    row, tag = np.nonzero(np.isfinite(values))
    at = times[row] + random.integers(0, STEP_US, len(row)) * (tag % 2)
    found = Readings(tag, at, values[row, tag], random.random(len(row)) > 0.02, np.arange(len(row)))
    found.values[random.random(len(row)) < 0.01] = np.nan
    some = found.taken(random.random(len(row)) < 0.05)
    corrected = replace(some, values=some.values + 1, order=some.order + 10**6)
    more = replace(some, times=some.times // STEP_US * STEP_US + random.integers(0, STEP_US, len(some)))
    return alignment.joined([found, corrected, some, more])


def reference(scorer: Scorer, readings: Readings) -> Found:
    return stream.advance(scorer, stream.fresh(scorer), readings, stream.END_US)[1]


def scores(scorer: Scorer, found: Found) -> pa.Table:
    parts = [tables.score_table(scorer, rows) for rows in found.scores]
    return pa.concat_tables([tables.SCORES.empty_table(), *parts]).sort_by([("tag", "ascending"), ("ts", "ascending")])


def frames(found: Found) -> dict[tuple[str, int], stream.Frame]:
    return {(frame.event.tag, frame.event.start): frame for frame in found.frames}


@dataclass
class Bucket:
    """What runs in Flink: packs are held until the watermark has passed their instants."""

    number: int
    tags: list[int]
    memory: bytes | None = None
    held: Readings = field(default_factory=alignment.no_readings)

    @property
    def scorer(self) -> Scorer:
        return replace(whole(), model=part(two_sites.model(), self.tags))

    def passed(self, passed_us: int | None) -> Found:
        scorer = self.scorer
        until = stream.END_US if passed_us is None else alignment.boundary(passed_us, STEP_US)
        memory = stream.fresh(scorer) if self.memory is None else stored.load(self.memory)[1]
        wakes = stream.wakes_us(scorer, memory, self.held)
        if wakes is None or until < wakes:
            assert stream.advance(scorer, memory, self.held.taken(self.held.times < until), until)[1] == Found()
            return Found()
        closed = self.held.times < until
        after, found = stream.advance(scorer, memory, self.held.taken(closed), until)
        self.held, self.memory = self.held.taken(~closed), stored.dump(scorer.pin, after)
        return found


def scored_in_parts(readings: Readings, cuts: list[int], mix: np.random.Generator, late_us: int) -> Iterator[Found]:
    """Yield what comes out of each bucket. A reading is at most `late_us` late."""
    order = np.argsort(readings.times + mix.integers(0, late_us + 1, len(readings)), kind="stable")
    arriving = readings.taken(order)
    of = [Bucket(number, tags) for number, tags in enumerate(buckets(two_sites.tags()))]
    for first, last in zip([0, *cuts], [*cuts, len(arriving)], strict=True):
        for bucket in of:
            own = arriving.taken(np.arange(first, last)[np.isin(arriving.tag[first:last], bucket.tags)])
            own = replace(own, tag=np.searchsorted(bucket.tags, own.tag))
            packed = stored.pack(bucket.number, own)
            assert stored.bucket(packed) == bucket.number
            bucket.held = alignment.joined([bucket.held, stored.unpack(packed)])
        passed = int(arriving.times[last:].min()) - 1 if last < len(arriving) else None
        for bucket in of:
            yield bucket.passed(passed)


_CUTS = st.lists(st.integers(0, 6000), max_size=12).map(sorted)
_LATE = st.sampled_from([0, HOUR_US, 40 * HOUR_US])


@settings(max_examples=10, deadline=None)
@given(st.integers(2, 6), _CUTS, _LATE, st.integers(0, 2**32))
def test_a_stream_has_the_rows_of_one_call(seed: int, cuts: list[int], late_us: int, mix: int) -> None:
    readings, scorer = plant(seed), whole()
    cuts = [min(cut, len(readings)) for cut in cuts]
    found = [*scored_in_parts(readings, cuts, np.random.default_rng(mix), late_us)]
    expected = reference(scorer, readings)
    assert len(expected.alerts) > 4
    # The parts number their tags again, so the names are compared.
    of = [replace(scorer, model=part(scorer.model, tags)) for tags in buckets(two_sites.tags())]
    rows = [tables.score_table(of[at % len(of)], some) for at, each in enumerate(found) for some in each.scores]
    streamed = pa.concat_tables(rows).sort_by([("tag", "ascending"), ("ts", "ascending")])
    assert streamed.equals(scores(scorer, expected))
    stored_frames = {key: frame for each in found for key, frame in frames(each).items()}
    assert stored_frames == frames(expected)
    assert all(frame.ended for frame in stored_frames.values())
    told = [alert for each in found for alert in each.alerts]
    assert sorted(map(repr, told)) == sorted(map(repr, expected.alerts))
    for key in stored_frames:
        of_event = tuple(alert.kind for alert in told if (alert.event.tag, alert.event.start) == key)
        assert of_event in {("start", "end"), ("out_of_regime",), ()}
    assert {"start", "end"} <= {alert.kind for alert in told}


def test_every_reading_of_the_model_after_its_training_has_one_row() -> None:
    readings = plant(2)
    rows = scores(whole(), reference(whole(), readings))
    each = {(NAMES[tag], at) for tag, at in zip(readings.tag, readings.times.tolist(), strict=True) if at >= FROM_US}
    keys = [*zip(rows["tag"].to_pylist(), rows["ts"].cast(pa.int64()).to_pylist(), strict=True)]
    assert sorted(keys) == sorted(each)
    reasons = {"constant", *REASONS[2:5]}
    assert {*rows["none_because"].to_pylist()} == {None, *reasons}
    for row in rows.to_pylist():
        assert (row["score"] is None) == (row["none_because"] is not None)
        assert (row["score"] is None) == (row["anomaly"] is None) == (row["cause"] is None)


def test_a_good_reading_without_a_score_lacks_an_input() -> None:
    model, one = two_sites.model(), np.full((1, len(NAMES)), np.nan)
    none = Scored(one, one > 0, one > 0, np.zeros(one.shape, np.int8), one, one, one)
    readings = Readings(np.array([0]), np.array([5]), np.array([1.0]), np.array([True]), np.array([0]))
    rows = score_rows(model, readings, alignment.aligned(readings, len(NAMES), STEP_US), none)
    assert [REASONS[number] for number in rows.reason] == ["an input of the model is missing"]


def test_scores_are_those_of_the_model_at_each_instant() -> None:
    """The reference against the model itself, on readings that are in time and in order."""
    times, values = two_sites.readings(3, 2)
    row, tag = np.nonzero(np.isfinite(values))
    readings = Readings(tag, times[row], values[row, tag], np.ones(len(row), bool), np.zeros(len(row), np.int64))
    scorer = replace(whole(), from_us=0)
    (rows,) = reference(scorer, readings).scores
    _, scored = scorer.model.score(scorer.model.fresh(), times, values)
    at = np.searchsorted(times, rows.times)
    for name in ("score", "expected", "low", "high"):
        np.testing.assert_array_equal(getattr(rows, name), getattr(scored, name)[at, rows.tag])


def test_readings_before_the_end_of_the_training_warm_up_for_a_week_and_have_no_row() -> None:
    times, values = two_sites.readings(4, 20)
    row, tag = np.nonzero(np.isfinite(values))
    readings = Readings(tag, times[row], values[row, tag], np.ones(len(row), bool), np.zeros(len(row), np.int64))
    scorer = replace(whole(), from_us=int(times[-144]))
    rows = scores(scorer, reference(scorer, readings))
    assert min(rows["ts"].cast(pa.int64()).to_pylist()) == scorer.from_us
    week = readings.taken(readings.times >= scorer.from_us - 7 * 24 * HOUR_US)
    assert rows.equals(scores(scorer, reference(scorer, week)))
    day = readings.taken(readings.times >= scorer.from_us - 24 * HOUR_US)
    assert not rows.equals(scores(scorer, reference(scorer, day)))


_Row = tuple[int, int, float, bool, int]
_ROW = st.tuples(
    st.integers(0, 2), st.integers(0, 3), st.sampled_from([1.0, 2.0, np.nan]), st.booleans(), st.integers(0, 2)
)


@given(st.lists(_ROW), st.randoms(use_true_random=False))
def test_one_reading_of_a_time_counts_in_whichever_order_they_come(rows: list[_Row], chance: Random) -> None:
    def of(some: list[_Row]) -> Readings:
        tag, times, values, good, order = zip(*some, strict=True) if some else ((),) * 5
        ints = [np.array(part, np.int64) for part in (tag, times, order)]
        return Readings(ints[0], ints[1], np.array(values, float), np.array(good, bool), ints[2])

    mixed = chance.sample(rows, len(rows))
    one, other = alignment.distinct(of(rows)), alignment.distinct(of(mixed))
    for name in ("tag", "times", "values", "good", "order"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert {*zip(one.tag.tolist(), one.times.tolist(), strict=True)} == {row[:2] for row in rows}
    for tag, at, order in zip(one.tag.tolist(), one.times.tolist(), one.order.tolist(), strict=True):
        assert order == max(row[4] for row in rows if row[:2] == (tag, at))


def test_a_frame_is_open_while_a_later_anomaly_could_continue_it() -> None:
    scorer, readings = whole(), plant(2)
    memory, first = stream.advance(scorer, stream.fresh(scorer), readings.taken(readings.times < FROM_US), FROM_US - 7)
    assert first == Found()
    until, seen = FROM_US - 7, 0
    while not memory.open:
        start, until = until, until + STEP_US
        some = readings.taken((readings.times >= start) & (readings.times < until))
        memory, found = stream.advance(scorer, memory, some, until)
        seen += len(found.alerts)
    (event, *_) = memory.open.values()
    assert [alert.kind for alert in found.alerts if alert.event == event] == ["start"]
    wakes = stream.wakes_us(scorer, memory, alignment.no_readings())
    assert wakes is not None
    assert wakes > event.end + HOUR_US >= wakes - STEP_US
    _, nothing = stream.advance(scorer, memory, alignment.no_readings(), wakes - STEP_US)
    assert nothing == Found()
    after, ended = stream.advance(scorer, memory, alignment.no_readings(), wakes)
    assert event.tag not in after.open
    assert [alert for alert in ended.alerts if alert.event == event] == [stream.Alert("end", "sites@1", event)]


def test_the_events_of_a_version_that_is_replaced_end() -> None:
    event = Event("n1.wind", 1, 2, 1, 3.0, "level")
    memory = Memory(two_sites.model().fresh(), {"n1.wind": event})
    left = stream.abandon("sites@1", memory)
    assert left.frames == [stream.Frame("sites@1", event, ended=True)]
    assert left.alerts == [stream.Alert("end", "sites@1", event)]


def test_a_long_span_is_scored_some_instants_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    readings, scorer = plant(3), whole()
    at_once = reference(scorer, readings)
    monkeypatch.setattr(stream, "_CELLS", 7 * len(NAMES))
    in_turn = reference(scorer, readings)
    assert len(in_turn.scores) > 10 * len(at_once.scores)
    assert scores(scorer, in_turn).equals(scores(scorer, at_once))
    assert frames(in_turn) == frames(at_once)
    assert sorted(map(repr, in_turn.alerts)) == sorted(map(repr, at_once.alerts))


def test_no_readings_at_all() -> None:
    scorer = whole()
    assert reference(scorer, alignment.no_readings()) == Found()
    assert stream.wakes_us(scorer, stream.fresh(scorer), alignment.no_readings()) is None
    bad = Readings(np.array([0]), np.array([FROM_US]), np.array([1.0]), np.array([False]), np.array([0]))
    assert scores(scorer, reference(scorer, bad))["none_because"].to_pylist() == ["its quality is not good"]


@pytest.mark.parametrize("passed", [STEP_US - 2, STEP_US - 1, STEP_US])
def test_an_instant_ends_with_its_last_microsecond(passed: int) -> None:
    assert alignment.boundary(passed, STEP_US) == (0 if passed < STEP_US - 1 else STEP_US)
