"""Alerts: never more than a group's limit in a week without saying so, and none while an asset is in a state."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from headrace_udfs.scoring import alerts, stream
from headrace_udfs.scoring.alerts import OUT_OF_REGIME, WINDOW_US, Recent, counted, most
from headrace_udfs.scoring.alignment import Instants
from headrace_udfs.scoring.model import Scored
from headrace_udfs.scoring.stream import Alert, Frame, Memory, Scorer
from support.worlds import two_sites

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
MODEL = two_sites.model()
NAMES = [tag.name for tag in MODEL.tags]
SCORER = Scorer("sites@1", MODEL, HOUR_US, 0)
COLUMN = next(at for at, name in enumerate(NAMES) if name not in MODEL.refused)

_WAITS = st.lists(st.sampled_from([1, HOUR_US, HOUR_US, DAY_US, 5 * DAY_US]), min_size=10, max_size=50)


@given(_WAITS, st.integers(1, 12))
def test_a_week_has_at_most_its_limit_of_alerts_unless_it_is_said(waits: list[int], limit: int) -> None:
    starts = np.cumsum(waits).tolist()
    recent, sent, said = Recent(), [], []
    for start in starts:
        before, recent = recent, counted(recent, start, limit)
        assert len(recent.starts) <= limit + 1
        week = sum(start - WINDOW_US < each <= start for each in starts)
        assert recent.out == (week > (limit // 2 if before.out else limit))
        if not recent.out:
            sent.append(start)
        elif not before.out:
            said.append(start)
    assert bool(said) == (len(sent) < len(starts))
    for start in sent:
        assert sum(start - WINDOW_US < each <= start for each in sent) <= limit


def test_the_limit_is_a_multiple_of_what_the_budget_expects_in_a_week() -> None:
    assert most(0.5, 28) == 33
    assert most(0.5, 2) == most(0.5, 0) == alerts.LEAST
    assert most(1.0, 10_000) == 22_998


def anomalies(*hours: float, column: int = COLUMN) -> tuple[Instants, Scored]:
    """Instants at these hours, each with an anomaly of one tag."""
    times = (np.array(hours) * HOUR_US).astype(np.int64)
    values = np.ones((len(times), len(NAMES)))
    score = np.full(values.shape, 3.0)
    found = np.zeros(values.shape, bool)
    found[:, column] = True
    scored = Scored(score, found, found & False, np.zeros(values.shape, np.int8), score, score, score)
    return Instants(times, values, np.repeat(times[:, None], len(NAMES), axis=1)), scored


def told(
    hours: list[float], states: dict[float, str] | None = None, cuts: tuple[int, ...] = ()
) -> tuple[list[Alert], dict[int, Frame]]:
    """Return the alerts and the last frames of anomalies of one tag at these hours, in calls of so many each."""
    memory, sent, frames = Memory(MODEL.fresh(), {}), list[Alert](), dict[int, Frame]()
    for first, last in zip([0, *cuts], [*cuts, len(hours)], strict=True):
        instants, scored = anomalies(*hours[first:last])
        until = stream.END_US if last == len(hours) else int(hours[last] * HOUR_US)
        quiet = np.array([[(states or {}).get(hour)] * len(NAMES) for hour in hours[first:last]], np.object_)
        memory, changed, some = stream.follow(
            SCORER, memory, instants, scored, until, states=quiet.reshape(instants.at.shape)
        )
        sent += some
        frames |= {frame.event.start // HOUR_US: frame for frame in changed}
    return sent, frames


def test_an_event_within_a_state_is_stored_without_an_alert() -> None:
    sent, frames = told([0, 0.5, 5], {0: "stopped", 0.5: "maintenance"})
    assert [(alert.kind, alert.event.start // HOUR_US) for alert in sent] == [("start", 5), ("end", 5)]
    assert {start: frame.event.suppressed_by for start, frame in frames.items()} == {0: "stopped", 5: None}
    assert all(frame.ended for frame in frames.values())


def test_an_event_that_outlasts_a_state_is_alerted_when_it_does() -> None:
    sent, frames = told([0, 0.5, 1, 1.5], {0: "maintenance", 0.5: "maintenance"})
    assert [(alert.kind, alert.event.start, alert.event.end) for alert in sent] == [
        ("start", 0, HOUR_US),
        ("end", 0, 1.5 * HOUR_US),
    ]
    assert frames[0].event.suppressed_by is None


def test_an_event_that_begins_before_a_state_is_alerted_once() -> None:
    sent, _ = told([0, 0.5, 1], {0.5: "stopped"})
    assert [alert.kind for alert in sent] == ["start", "end"]


def test_a_flood_is_one_alert_until_it_is_over() -> None:
    limit = SCORER.limits.each[SCORER.limits.of[NAMES[COLUMN]]]
    flood = [2.0 * hour + more for hour in range(limit + 5) for more in (0, 0.5)]
    sent, frames = told([*flood, 2000.0], cuts=(2 * limit + 3,))
    kinds = [alert.kind for alert in sent]
    assert kinds.count("start") == kinds.count("end") == limit + 1
    (out,) = (alert for alert in sent if alert.kind == OUT_OF_REGIME)
    assert out.event.start == 2 * limit * HOUR_US
    muted = [start for start, frame in frames.items() if frame.event.suppressed_by == OUT_OF_REGIME]
    assert muted == [2 * hour for hour in range(limit, limit + 5)]


def test_groups_that_are_not_compared_have_limits_of_their_own() -> None:
    of = SCORER.limits.of
    assert len({*of.values()}) > 1
    for tag in MODEL.tags:
        assert {of[name] for name in (*tag.mates, *tag.peers)} <= {of[tag.name]}


_HOURS = st.lists(st.sampled_from([0.5, 1.5, 1.5, 1.5, 30.0]), min_size=1, max_size=60)


@given(_HOURS, st.data())
def test_calls_change_neither_alerts_nor_the_last_frames(waits: list[float], data: st.DataObject) -> None:
    hours = np.cumsum(waits).tolist()
    states = data.draw(st.dictionaries(st.sampled_from(hours), st.sampled_from(["stopped", "maintenance"])))
    cuts = tuple(sorted({*data.draw(st.lists(st.integers(1, max(1, len(hours) - 1)), max_size=4))}))
    cuts = tuple(cut for cut in cuts if cut < len(hours))
    sent, frames = told(hours, states)
    in_calls, frames_of_calls = told(hours, states, cuts)
    assert sorted(map(repr, sent)) == sorted(map(repr, in_calls))
    assert frames == frames_of_calls
    starts = [alert.event.start for alert in sent if alert.kind == "start"]
    assert starts == [alert.event.start for alert in sent if alert.kind == "end"]
    assert len({*starts}) == len(starts)
    of_none = {frame.event.start for frame in frames.values() if frame.event.suppressed_by is None}
    assert {*starts} == of_none


def test_an_event_without_an_alert_has_no_end_when_its_version_is_replaced() -> None:
    instants, scored = anomalies(1)
    quiet = np.full(instants.at.shape, "stopped", np.object_)
    memory, _, sent = stream.follow(SCORER, Memory(MODEL.fresh(), {}), instants, scored, HOUR_US, states=quiet)
    assert sent == []
    left = stream.abandon("sites@1", memory)
    assert (len(left.frames), left.alerts) == (1, [])
    loud = replace(memory, open={tag: replace(event, suppressed_by=None) for tag, event in memory.open.items()})
    assert [alert.kind for alert in stream.abandon("sites@1", loud).alerts] == ["end"]
