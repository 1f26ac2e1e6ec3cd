"""Events: where they begin and end, their peak and related tags, and that batches do not change them."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from headrace_udfs.scoring.events import Event, Followed, Open, follow
from headrace_udfs.scoring.model import CAUSES, Scored
from headrace_udfs.scoring.tags import Tag

MINUTE_US = 60_000_000
TAGS = [Tag("a.wind", mates=("a.power",)), Tag("a.power", mates=("a.wind",)), Tag("b.wind")]


def scored(score: list[list[float]], echo: list[tuple[int, int]] | None = None) -> Scored:
    """Scores of the tags, each above 1 an anomaly, by its level."""
    values = np.array(score)
    echoes = np.zeros(values.shape, bool)
    for row, column in echo or []:
        echoes[row, column] = True
    none = np.full(values.shape, np.nan)
    return Scored(values, values > 1, echoes, np.zeros(values.shape, np.int8), none, none, none)


def minutes(*times: int) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """The times of the readings of each tag."""
    return np.repeat(np.array(times, np.int64)[:, None] * MINUTE_US, len(TAGS), axis=1)


def test_anomalies_up_to_an_hour_apart_are_one_event_with_the_cause_of_its_peak() -> None:
    found = scored([[2, 0, 0], [3, 0, 0], [2, 0, 0], [5, 0, 0]])
    found.cause[1, 0] = CAUSES.index("stuck")
    assert follow(TAGS, {}, minutes(0, 60, 110, 171), found).changed == [
        Event("a.wind", 0, 110 * MINUTE_US, 60 * MINUTE_US, 3.0, "stuck"),
        Event("a.wind", 171 * MINUTE_US, 171 * MINUTE_US, 171 * MINUTE_US, 5.0, "level"),
    ]


def test_mates_with_an_anomaly_or_an_echo_are_related_and_other_assets_are_not() -> None:
    found = follow(TAGS, {}, minutes(0, 10), scored([[2, 0, 2], [2, 0, 2]], [(1, 1)]))
    assert [(event.tag, event.related) for event in found.changed] == [("a.wind", ("a.power",)), ("b.wind", ())]
    assert [(event.tag, event.related) for event in found.begun] == [("a.wind", ()), ("b.wind", ())]


def test_an_echo_alone_is_no_event() -> None:
    assert follow(TAGS, {}, minutes(0), scored([[0, 0, 0]], [(0, 1)])) == Followed({}, [], [])


_ROWS = st.lists(st.tuples(st.integers(1, 90), st.lists(st.sampled_from([0.0, 0.0, 2.0, 3.0]), min_size=3, max_size=3)),
                 min_size=1, max_size=20)  # fmt: skip


@given(_ROWS, st.lists(st.integers(0, 20), max_size=4).map(sorted))
def test_batches_change_no_event(rows: list[tuple[int, list[float]]], places: list[int]) -> None:
    times = minutes(*np.cumsum([wait for wait, _ in rows]).tolist())
    score = [row for _, row in rows]
    whole = follow(TAGS, {}, times, scored(score))
    known: Open = {}
    stored: dict[tuple[str, int], Event] = {}
    begun: list[Event] = []
    for first, after in zip([0, *places], [*places, len(rows)], strict=True):
        if first < after and score[first:after]:
            some = follow(TAGS, known, times[first:after], scored(score[first:after]))
            known, begun = some.last, begun + some.begun
            stored |= {(event.tag, event.start): event for event in some.changed}
    assert known == whole.last
    assert begun == whole.begun
    assert stored == {(event.tag, event.start): event for event in whole.changed}
