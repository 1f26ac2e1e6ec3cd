"""Which snapshots are kept: those of hours, the latest of a quiet table, one a day, and what a reader still needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.snapshots import Snapshot

from headrace.upkeep.maintain import expire, kept
from headrace.upkeep.maintain.flink import line
from support.worlds.aged_snapshots import MINUTE, NOW, table

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def busy(span: timedelta) -> list[timedelta]:
    """The ages of a commit every minute."""
    return [number * MINUTE for number in range(span // MINUTE)]


def days(metadata: TableMetadata, ids: Iterable[int]) -> list[str]:
    return [
        f"{datetime.fromtimestamp(metadata.snapshots[id_ - 1].timestamp_ms / 1000, UTC):%Y-%m-%d %H:%M}" for id_ in ids
    ]


def test_a_table_with_a_commit_every_minute_keeps_hours_and_the_last_snapshot_of_each_day() -> None:
    metadata = table([*busy(3 * DAY), *(n * HOUR for n in range(72, 9 * 24))])
    steps = expire.plan(metadata, {}, NOW)
    left = len(metadata.snapshots) - len(steps.dropped)
    assert left == kept.RECENT // MINUTE + 1 + 7
    assert days(metadata, steps.new_tags.values()) == [
        *("2026-03-07 23:59", "2026-03-06 23:59", "2026-03-05 23:59"),
        *(f"2026-03-0{day} 23:00" for day in (4, 3, 2, 1)),
    ]
    assert [*steps.new_tags] == [f"headrace-2026-03-0{day}" for day in range(7, 0, -1)]


def test_a_quiet_table_keeps_its_history_of_a_week() -> None:
    metadata = table([n * 3 * HOUR for n in range(64)])
    dropped = {each.snapshot_id for each in expire.plan(metadata, {}, NOW).dropped}
    # The oldest are from nearly eight days ago.
    assert dropped == {each.snapshot_id for each in metadata.snapshots if n_days_ago(each) > 7}
    assert 0 < len(dropped) < 10


def n_days_ago(snapshot: Snapshot) -> float:
    return (NOW - datetime.fromtimestamp(snapshot.timestamp_ms / 1000, UTC)) / DAY


def test_a_day_is_tagged_once_and_its_tag_goes_after_a_week() -> None:
    metadata = table([timedelta(0), 13 * HOUR, 6 * DAY], {"headrace-2026-03-07": 1, "headrace-2026-02-28": 1, "v1": 1})
    steps = expire.plan(metadata, {}, NOW)
    assert steps.new_tags == {"headrace-2026-03-02": 1}
    assert steps.old_tags == ("headrace-2026-02-28",)
    metadata = table([timedelta(0), 200 * DAY], {"headrace-2026-02-28": 1, "v1": 1})
    assert expire.plan(metadata, {}, NOW).dropped == ()
    metadata = table([timedelta(0), 200 * DAY], {"headrace-2026-02-28": 1})
    assert len(expire.plan(metadata, {}, NOW).dropped) == 1


def test_what_the_table_sets_itself_holds_and_nothing_else() -> None:
    metadata = table(busy(DAY), properties={"history.expire.max-snapshot-age-ms": "600000"})
    steps = expire.plan(metadata, {}, NOW)
    assert (len(metadata.snapshots) - len(steps.dropped), steps.new_tags) == (11, {})
    metadata = table(busy(DAY), properties={"history.expire.min-snapshots-to-keep": "1000"})
    assert len(metadata.snapshots) - len(expire.plan(metadata, {}, NOW).dropped) == 1_000


def test_what_a_reader_still_needs_stays_without_a_gap() -> None:
    metadata = table(busy(DAY))
    stays = kept.kept(metadata, NOW, kept.Needed(NOW - 10 * HOUR))
    reached = [each.snapshot_id for each in line(metadata, metadata.current_snapshot_id) if each.snapshot_id in stays]
    assert reached[: 10 * HOUR // MINUTE + 2] == [
        *range(len(metadata.snapshots), len(metadata.snapshots) - 10 * HOUR // MINUTE - 2, -1)
    ]


def test_where_a_refresh_has_stopped_stays_for_a_week_and_nothing_else_for_it() -> None:
    metadata = table([*busy(DAY), 5 * DAY, 6 * DAY, 10 * DAY])
    stays = kept.kept(metadata, NOW), kept.kept(metadata, NOW, kept.Needed(marked=frozenset({1, 20, 500, 10**6})))
    assert stays[1] - stays[0] == {20, 500}


@given(
    st.lists(st.integers(0, 9 * 86_400), max_size=60, unique=True).map(
        lambda ages: [timedelta(seconds=each) for each in ages]
    )
)
def test_the_head_the_recent_and_whatever_has_a_name_stay(ages: Sequence[timedelta]) -> None:
    metadata = table(ages, {"mine": 1} if ages else {})
    stays = kept.kept(metadata, NOW)
    recent = {each.snapshot_id for each in metadata.snapshots if each.timestamp_ms >= (NOW - kept.RECENT).timestamp()}
    assert stays >= {*(each.snapshot_id for each in metadata.snapshots[-1:]), *([1] if ages else [])}
    assert {each for each in recent if n_days_ago(metadata.snapshots[each - 1]) < 3 / 24} <= stays
    # What is left has a tag for each day that it has, and is the same when it is looked at again.
    steps = expire.plan(metadata, {}, NOW)
    assert {*steps.new_tags.values()} <= stays
    assert all(datetime.fromisoformat(name.removeprefix("headrace-")).day for name in steps.new_tags)
