"""A savepoint has the offsets of the topics that were read: a topic that leaves a source would be read on."""

from __future__ import annotations

import pytest

from headrace.errors import UserError
from headrace.operations import preflight
from headrace.planner.state.stored_plan import StoredPlan


def plan(**topics: str) -> StoredPlan:
    return StoredPlan({}, (), {place.replace("__", ":"): f"{name} id" for place, name in topics.items()}, "store", 0)


def test_topics_may_come_but_not_go() -> None:
    two = plan(lines__a="a", lines__b="b")
    preflight.check_topics_stay(plan(lines__a="a"), two)
    preflight.check_topics_stay(two, two)
    preflight.check_topics_stay(plan(lines="a"), plan(other="b"))  # another source
    preflight.check_topics_stay(plan(lines__a="a"), plan(other="b"))  # the source has left as a whole
    with pytest.raises(UserError, match="'lines' no longer reads b, but with the job's savepoint Flink would"):
        preflight.check_topics_stay(two, plan(lines__a="a"))


def test_a_plan_knows_its_sources_and_topics() -> None:
    found = plan(lines__a="a", lines__b="b", other="c")
    assert [found.reads(name) for name in ("lines", "other", "line")] == [True, True, False]
    assert found.topic_ids == {"a": "id", "b": "id", "c": "id"}


def test_a_source_that_reads_another_topic_has_no_offsets_of_it() -> None:
    found = plan(lines__a="a", lines__b="b", other="c")
    assert found.has_offsets("lines", ["b", "d"])
    assert found.has_offsets("other", ["c"])
    assert not found.has_offsets("other", ["c2"])  # with offsets of none, Flink could not begin: they are set for it
    assert not found.has_offsets("other", ["a"])
    assert not found.has_offsets("new", ["c"])
