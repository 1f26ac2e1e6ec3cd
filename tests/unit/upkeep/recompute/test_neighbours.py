"""Which windows late readings change besides their own, and which readings are needed to compute them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import cast

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.environment import warehouse
from headrace.environment.settings import Settings
from headrace.upkeep.recompute import neighbours
from headrace.upkeep.recompute.dirty import Window
from headrace.upkeep.recompute.neighbours import Neighbours

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
Reading = tuple[str, int]
readings = st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 600)), max_size=30)


def at(minute: int) -> datetime:
    return FIRST + timedelta(minutes=minute)


def window(reading: Reading) -> Window:
    start = at(reading[1] // 60 * 60)
    return Window("j", reading[0], start, start + HOUR, 1, FIRST)


def stored(rows: list[Reading], patch: pytest.MonkeyPatch, needs: timedelta) -> Neighbours:
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'; create schema s")
    schema = pa.schema([("meter", pa.string()), ("ts", pa.timestamp("us", "UTC"))])
    told = pa.Table.from_pylist([{"meter": key, "ts": at(minute)} for key, minute in rows], schema)
    connection.register("told", told)
    connection.execute("create table s.readings as from told")
    patch.setattr(warehouse, "open", lambda *_: connection)
    return Neighbours(cast(Settings, None), "s.readings", "meter", needs)


@settings(deadline=None, max_examples=50)
@given(readings, st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 600)), max_size=4))
def test_the_windows_of_next_readings_follow(rows: list[Reading], late: list[Reading]) -> None:
    windows = [*{each.name: each for each in map(window, late)}.values()]
    with pytest.MonkeyPatch.context() as patch:
        following, ends = stored(rows, patch, timedelta(minutes=90)).following(windows)
    wanted = {(each.key, each.window_end + i * HOUR) for each in windows for i in range(2)}
    alone = set()
    for each in windows:
        later = sorted(at(minute) for key, minute in rows if key == each.key and at(minute) >= each.window_end)
        wanted |= {window((each.key, (later[0] - FIRST) // timedelta(minutes=1))).name} if later else set()
        alone |= set() if later else {each.name}
    assert (following, ends) == (wanted, alone)


def test_the_readings_at_the_last_time_before_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [("a", 10), ("a", 20), ("a", 20), ("a", 60), ("b", 5), ("c", 70)]
    found = stored(rows, monkeypatch, timedelta(minutes=30))
    starts = [("a", at(60)), ("b", at(90)), ("c", at(60))]
    with found._opened(starts) as connection:
        query = neighbours._QUERIES / "last_readings.sql"
        before = warehouse.run(connection, query, {}).to_arrow_table().select(["meter", "ts"]).to_pylist()
    assert sorted((each["meter"], each["ts"]) for each in before) == [("a", at(20)), ("a", at(20)), ("b", at(5))]
