"""Events of the demo's year: each belongs to one finding at most, and the others are grouped by turbine and time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from headrace.local.demo import year
from headrace.local.demo.dataset import tags
from headrace.local.demo.year import APART, Event, Finding

NEW_YEAR = datetime(2015, 1, 1, tzinfo=UTC)


def at(hours: float) -> datetime:
    return NEW_YEAR + timedelta(hours=hours)


def event(turbine: str, start: float, end: float) -> Event:
    return Event(f"{turbine}.power", at(start), at(end), 1.0, "level")


def table(events: list[Event]) -> pa.Table:
    names = ("tag", "started_at", "ended_at", "peak_score", "cause")
    rows = [(each.tag, each.start, each.end, each.peak_score, each.cause) for each in events]
    return pa.table({name: [row[n] for row in rows] for n, name in enumerate(names)})


lengths = st.tuples(st.sampled_from(["A", "B"]), st.integers(0, 99), st.integers(0, 9))
events = st.lists(lengths.map(lambda of: event(of[0], of[1], of[1] + of[2])), max_size=12)
spans = st.lists(st.tuples(st.integers(0, 99), st.integers(0, 20), st.sampled_from(["A", "B"])), max_size=4)


@given(events, spans)
def test_each_event_is_in_one_finding_or_among_the_others(
    given_events: list[Event], given_spans: list[tuple[int, int, str]]
) -> None:
    known = [Finding(at(start), at(start + length), (name,), "ice", "") for start, length, name in given_spans]
    found = year.of(table(given_events) if given_events else table([event("A", 0, 0)]).slice(0, 0), known)
    explained = [each for _, part in found.recognised for each in part]
    assert sorted([*explained, *found.others], key=repr) == sorted(given_events, key=repr)
    assert all(finding.explains(each) for finding, part in found.recognised for each in part)
    assert not any(finding.explains(each) for finding in known for each in found.others)


@given(events)
def test_an_episode_is_of_one_turbine_and_another_one_of_it_is_far(given_events: list[Event]) -> None:
    groups = year.episodes(given_events)
    assert sorted((each for group in groups for each in group), key=repr) == sorted(given_events, key=repr)
    assert all(len({each.turbine for each in group}) == 1 for group in groups)
    for n, group in enumerate(groups):
        for m, each in enumerate(group[1:], 1):
            assert each.start - max(before.end for before in group[:m]) <= APART
        for other in groups[n + 1 :]:
            if other[0].turbine == group[0].turbine:
                assert min(each.start for each in other) - max(each.end for each in group) > APART


def test_the_findings_are_of_the_year_and_its_turbines() -> None:
    turbines = {str(tag).partition(".")[0] for tag in tags()["tag"].to_pylist()}
    found = year.findings()
    assert len(found) > 10
    for finding in found:
        assert NEW_YEAR <= finding.start < finding.end < datetime(2016, 1, 1, tzinfo=UTC)
        assert {*finding.turbines} <= turbines
        assert finding.what
        assert finding.evidence
