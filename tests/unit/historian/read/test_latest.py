"""Of several readings of one tag and time, the one that was received last is the reading."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.historian.answers import TS
from headrace.historian.read.latest import Instants, latest
from headrace.historian.read.rows import Rows
from headrace.project.system_tables import ARRIVAL

NAMES = ["b", "a", "never"]
FAR = datetime(9999, 12, 31, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC)
Stored = dict[str, Any]

times = st.sampled_from([datetime(2026, 3, 1, 12, 0, second, tzinfo=UTC) for second in range(3)])
stored = st.fixed_dictionaries(
    {
        "tag": st.sampled_from(NAMES[:2]),
        "ts": times | st.sampled_from(FAR),
        "ingested_at": st.none() | times,
        "src_topic": st.sampled_from(["t", "u"]),
        "src_partition": st.integers(0, 1),
        "src_offset": st.integers(0, 9),
        "src_index": st.integers(0, 1),
    }
)
TYPES = {"tag": pa.string(), "ts": TS, "ingested_at": TS, "src_topic": pa.string()}
SCHEMA = pa.schema([(name, TYPES.get(name, pa.int64())) for name in ("tag", "ts", *ARRIVAL)])


def rows(readings: list[Stored]) -> Rows:
    return Rows(NAMES, pa.Table.from_pylist(readings, SCHEMA))


def received(reading: Stored) -> tuple[Any, ...]:
    return tuple((reading[name] is not None, reading[name]) for name in ARRIVAL)


@given(st.lists(stored, max_size=30, unique_by=lambda reading: tuple(map(str, reading.values()))))
def test_the_reading_is_the_one_received_last(readings: list[Stored]) -> None:
    expected: dict[tuple[str, datetime], Stored] = {}
    for reading in sorted(readings, key=received):
        expected[reading["tag"], reading["ts"]] = reading
    chosen = latest(rows(readings), ARRIVAL).table.to_pylist()
    assert sorted(map(received, chosen)) == sorted(map(received, expected.values()))
    assert {(each["tag"], each["ts"]): each for each in chosen} == expected


@given(st.lists(stored, max_size=30))
def test_only_the_instants_of_several_rows_are_found(readings: list[Stored]) -> None:
    pairs = [(reading["tag"], reading["ts"]) for reading in readings]
    known = rows(readings)
    instants = Instants.repeated(known)
    several = [pairs.count(pair) > 1 for pair in pairs]
    assert bool(len(instants)) is any(several)
    if len(instants):
        assert instants.hold(known).tolist() == several
        assert {NAMES[number] for number in instants.tags} == {
            tag for (tag, _), is_one in zip(pairs, several, strict=True) if is_one
        }


@pytest.mark.parametrize("tags", [1, 100])
def test_times_far_apart_of_many_tags_do_not_overflow(tags: int) -> None:
    names = [f"T{number}" for number in range(tags)]
    readings = [{"tag": name, "ts": ts} for name in names for ts in (*FAR, FAR[0])]
    known = Rows(names, pa.Table.from_pylist(readings, SCHEMA))
    assert Instants.repeated(known).hold(known).tolist() == [True, False, True] * tags
