"""The functions of a score job in a Flink of dictionaries: packs, timers, restarts, another version of a model."""

from __future__ import annotations

import pickle
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import cloudpickle
import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from pyflink.datastream import TimeDomain

from headrace_udfs.scoring import stored, stream, tables
from headrace_udfs.scoring.alignment import Readings
from headrace_udfs.scoring.condense import Condenser
from headrace_udfs.scoring.stream import Scorer
from headrace_udfs.status_codes import SEVERITY
from support.worlds import two_sites
from table_api.scoring.by_bucket import ByBucket

STEP_MS = two_sites.STEP_US // 1000
END = 2**63 - 1
NAMES = [tag.name for tag in two_sites.tags()]
KINDS = {"scores": tables.SCORES, "events": tables.EVENTS, "alerts": tables.ALERTS}


def scorer(pin: str = "sites@1") -> Scorer:
    return Scorer(pin, two_sites.model(), two_sites.STEP_US, 100 * two_sites.STEP_US)


class Value:
    """One value of the current key, or a list."""

    def __init__(self, keyed: Flink, name: str) -> None:
        self._keyed, self._name = keyed, name

    @property
    def _all(self) -> dict[int, Any]:
        return self._keyed.state[self._name]

    def value(self) -> Any:
        return self._all.get(self._keyed.key)

    get = value

    def update(self, value: Any) -> None:
        self._all[self._keyed.key] = value

    def add(self, value: Any) -> None:
        self._all.setdefault(self._keyed.key, []).append(value)

    def clear(self) -> None:
        self._all.pop(self._keyed.key, None)


@dataclass
class Flink:
    """A keyed function with its state and timers, which a restart keeps.

    timers: of event time, moments: of processing time, each with its key; `clock` is the processing time.
    """

    scorer: Scorer
    state: dict[str, dict[int, Any]] = field(default_factory=lambda: defaultdict(dict))
    timers: set[tuple[int, int]] = field(default_factory=set)
    moments: set[tuple[int, int]] = field(default_factory=set)
    clock: int = 10**12
    domain: TimeDomain = TimeDomain.EVENT_TIME
    watermark: int = -(2**63)
    key: int = -1

    def __post_init__(self) -> None:
        self.condense = cloudpickle.loads(cloudpickle.dumps(Condenser(self.scorer)))
        self.function = cloudpickle.loads(cloudpickle.dumps(ByBucket(self.scorer, None)))
        self.function.open(self)

    def get_state(self, descriptor: Any) -> Value:
        return Value(self, descriptor.get_name())

    get_list_state = get_state

    def restarted(self, pin: str = "sites@1") -> Flink:
        state, timers, moments = pickle.loads(pickle.dumps((self.state, self.timers, self.moments)))  # noqa: S301
        return Flink(replace(self.scorer, pin=pin), state, timers, moments, self.clock)

    def get_current_key(self) -> int:
        return self.key

    def timer_service(self) -> Any:
        return SimpleNamespace(
            current_watermark=lambda: self.watermark,
            current_processing_time=lambda: self.clock,
            register_event_time_timer=lambda at: self.timers.add((at, self.key)),
            register_processing_time_timer=lambda at: self.moments.add((at, self.key)),
        )

    def time_domain(self) -> TimeDomain:
        return self.domain

    def batch(self, readings: Readings) -> Iterator[tuple[str, bytes]]:
        columns = {
            "tag": pa.array(NAMES).take(pa.array(readings.tag)),
            "ts": pa.array(readings.times).view(pa.timestamp("us")),
            "value": pa.array(readings.values),
            "quality": pa.array(np.where(readings.good, 0, SEVERITY["bad"])),
            "src_offset": pa.array(readings.order // 65536),
            "src_index": pa.array(readings.order % 65536),
        }
        packs = self.condense(columns, np.ones(len(readings), bool))
        assert len({stored.bucket(each) for each in packs}) == len(packs)
        for each in packs:
            self.key = stored.bucket(each)
            yield from self.function.process_element([each], self)

    def advance(self, watermark: int) -> Iterator[tuple[str, bytes]]:
        self.watermark = watermark
        yield from self._fire(self.timers, TimeDomain.EVENT_TIME, watermark)

    def wait(self, ms: int) -> Iterator[tuple[str, bytes]]:
        self.clock += ms
        yield from self._fire(self.moments, TimeDomain.PROCESSING_TIME, self.clock)

    def _fire(self, timers: set[tuple[int, int]], domain: TimeDomain, until: int) -> Iterator[tuple[str, bytes]]:
        while due := sorted(timer for timer in timers if timer[0] <= until):
            timers.remove(due[0])
            (at, self.key), self.domain = due[0], domain
            yield from self.function.on_timer(at, self)


def rows(sent: Iterable[tuple[str, bytes]]) -> dict[str, pa.Table]:
    parts: dict[str, list[pa.Table]] = {kind: [] for kind in KINDS}
    for kind, each in sent:
        parts[kind].append(pa.ipc.open_stream(each).read_all().cast(KINDS[kind]))
    return {kind: pa.concat_tables([schema.empty_table(), *parts[kind]]) for kind, schema in KINDS.items()}


def ordered(table: pa.Table) -> list[dict[str, Any]]:
    return sorted(table.to_pylist(), key=repr)


def latest(events: pa.Table) -> list[dict[str, Any]]:
    by_key = {(row["model"], row["tag"], row["started_at"]): row for row in events.to_pylist()}
    return sorted(by_key.values(), key=repr)


def readings(seed: int) -> Readings:
    times, values = two_sites.readings(seed, 2)
    values[150:160, 0] += 60.0
    values[-8:-1, 3] += 100.0
    row, tag = np.nonzero(np.isfinite(values))
    return Readings(tag, times[row], values[row, tag], np.ones(len(row), bool), np.zeros(len(row), np.int64))


def expected(all_of: Readings) -> dict[str, pa.Table]:
    found = stream.advance(scorer(), stream.fresh(scorer()), all_of, stream.END_US)[1]
    (some,) = found.scores
    return {
        "scores": tables.score_table(scorer(), some),
        "events": tables.event_table(found.frames),
        "alerts": tables.alert_table(found.alerts),
    }


@settings(max_examples=6, deadline=None)
@given(
    st.integers(2, 5),
    st.lists(st.integers(0, 4200), max_size=6).map(sorted),
    st.sets(st.integers(0, 6)),
    st.lists(st.sampled_from([0, 1, 999, 1000, 5000]), min_size=7, max_size=7),
)
def test_packs_timers_and_restarts_change_no_row(
    seed: int, cuts: list[int], restarts: set[int], waits: list[int]
) -> None:
    all_of, flink, sent = readings(seed), Flink(scorer()), list[tuple[str, bytes]]()
    for number, (first, last) in enumerate(zip([0, *cuts], [*cuts, len(all_of)], strict=True)):
        sent += flink.batch(all_of.taken(slice(first, last)))  # type: ignore[arg-type]
        if number in restarts:
            flink = flink.restarted()
        sent += flink.wait(waits[number])
        sent += flink.advance(int(all_of.times[last]) // 1000 - 1 if last < len(all_of) else END)
    assert not flink.timers
    assert [*flink.wait(5000)] == []
    found, of = rows(sent), expected(all_of)
    assert len(of["alerts"]) > 3
    assert ordered(found["scores"]) == ordered(of["scores"])
    assert ordered(found["alerts"]) == ordered(of["alerts"])
    assert latest(found["events"]) == latest(of["events"])


def test_a_timer_fires_with_the_last_watermark_of_an_instant_and_not_before() -> None:
    flink, at = Flink(scorer()), 200 * STEP_MS
    one = Readings(np.array([0]), np.array([at * 1000 + 5]), np.array([9.0]), np.array([True]), np.array([0]))
    assert [*flink.batch(one), *flink.advance(at + STEP_MS - 2)] == []
    assert len(rows(flink.advance(at + STEP_MS - 1))["scores"]) == 1
    assert [*flink.advance(END)] == []


def instants(flink: Flink, number: int) -> list[int]:
    """Send a reading per instant, and the watermark that passes it; return how many scores came each time."""
    sent = list[int]()
    for step in range(200, 200 + number):
        one = Readings(
            np.array([0]), np.array([step * two_sites.STEP_US]), np.array([9.0]), np.array([True]), np.array([step])
        )
        found = [*flink.batch(one), *flink.advance((step + 1) * STEP_MS - 1)]
        sent.append(len(rows(found)["scores"]))
    return sent


def test_a_bucket_that_has_just_scored_waits_and_then_scores_what_has_come_since() -> None:
    flink = Flink(scorer())
    assert instants(flink, 3) == [1, 0, 0]
    assert [*flink.wait(999)] == []
    assert len(rows(flink.wait(1))["scores"]) == 2


def test_the_end_of_the_input_does_not_wait() -> None:
    flink = Flink(scorer())
    assert instants(flink, 3) == [1, 0, 0]
    flink.timers = {timer for timer in flink.timers if timer[0] == END}  # without those that wait for open events
    assert len(rows(flink.advance(END))["scores"]) == 2


def test_other_tags_bad_rows_and_readings_before_the_warm_up_are_in_no_pack() -> None:
    late = replace(scorer(), from_us=two_sites.STEP_US + stream.WARM_UP_US)
    columns = {
        "tag": pa.array(["n1.wind", "other", None, "n1.wind", "n1.wind"]),
        "ts": pa.array([0, 10**12, None, 10**12, 10**12]).view(pa.timestamp("us")),
        "value": pa.array([1.0, 1.0, None, None, 4.0]),
        "quality": pa.array([0, 0, None, SEVERITY["uncertain"], 0]),
        "src_offset": pa.array(range(5)),
        "src_index": pa.array([0] * 5, pa.int32()),
    }
    condense = Flink(late).condense
    (pack,) = condense(columns, np.array([True, True, False, True, False]))
    found = stored.unpack(pack)
    assert (found.order.tolist(), found.good.tolist(), np.isnan(found.values).tolist()) == (
        [3 * 65536],
        [False],
        [True],
    )
    assert condense(columns, np.array([True, True, False, False, False])) == []
    assert condense({name: column.slice(0, 0) for name, column in columns.items()}, np.empty(0, bool)) == []


def test_another_version_keeps_what_is_held_and_ends_open_events() -> None:
    all_of, flink = readings(2), Flink(scorer())
    sent = [*flink.batch(all_of), *flink.advance(int(all_of.times[-1]) // 1000)]
    assert "open" in {row["state"] for row in latest(rows(sent)["events"])}
    other = flink.restarted("sites@2")
    after = rows([*other.advance(END)])
    assert {row["model"] for row in after["scores"].to_pylist()} == {"sites@2"}
    before = rows(sent)
    tags = [(row["tag"], row["ts"]) for part in (before, after) for row in part["scores"].to_pylist()]
    assert sorted(tags) == sorted((row["tag"], row["ts"]) for row in expected(all_of)["scores"].to_pylist())
    ended = latest(pa.concat_tables([before["events"], after["events"]]))
    assert {row["state"] for row in ended} == {"ended"}
    assert {row["model"] for row in after["events"].to_pylist()} >= {"sites@1"}
