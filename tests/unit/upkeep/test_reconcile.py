"""The account of a partition, from offsets alone."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.cli.reconcile import HOLDS, show, summary
from headrace.environment.kafka import OffsetRange
from headrace.errors import CheckFailed, PlatformError
from headrace.operations.offset_runs import Offsets, ranges
from headrace.operations.stored_offsets import Positions, Stored, positions
from headrace.project.paths import Project
from headrace.upkeep import reconcile
from headrace.upkeep.reconcile import Balance, balance, verdict

NONE = np.zeros(1, np.int32)


def offsets(*values: int) -> Offsets:
    return np.array(sorted(values), np.int64)


def at(*offsets_and_index: tuple[int, int]) -> Positions:
    offset, index = np.array(sorted(offsets_and_index), np.int64).T
    return positions(offset, index)


def every(first: int, end: int) -> Offsets:
    return np.arange(first, end)


def account(span: OffsetRange, good: Offsets, dead: Offsets) -> Balance:
    return balance("t", 0, span, Stored(positions(good, NONE), positions(dead, NONE)), every)


def test_the_account_holds_if_good_and_dead_records_fill_the_span() -> None:
    result = account(OffsetRange(0, 4), offsets(0, 1, 3), offsets(2))
    assert (result.records, result.good, result.dead, result.holds) == (4, 3, 1, True)


def test_a_gap_is_missing() -> None:
    result = account(OffsetRange(0, 10), offsets(0, 1, 5, 9), offsets())
    assert result.missing == [(2, 5), (6, 9)]
    assert result.missing_count == 6
    assert not result.holds


def test_an_offset_stored_twice_is_repeated_whichever_table_it_is_in() -> None:
    assert account(OffsetRange(0, 2), offsets(0, 1, 1), offsets()).repeated == [(1, 2)]
    assert account(OffsetRange(0, 2), offsets(0, 1), offsets(1)).repeated == [(1, 2)]


def test_the_readings_of_one_message_are_not_repeats_of_each_other() -> None:
    good, dead = at((0, 0), (0, 2), (1, 0)), at((0, 1))
    assert balance("t", 0, OffsetRange(0, 2), Stored(good, dead), every).holds
    twice = balance("t", 0, OffsetRange(0, 2), Stored(good, at((0, 1), (1, 0))), every)
    assert twice.repeated == [(1, 2)]


def test_offsets_without_a_record_are_not_missing() -> None:
    result = balance(
        "t", 0, OffsetRange(0, 5), Stored(positions(offsets(0, 1, 4), NONE), offsets()), lambda _a, _b: offsets(3)
    )
    assert result.missing == [(3, 4)]
    assert result.no_record == 1
    assert result.records == 4


def test_rows_older_than_the_records_of_the_topic_are_not_a_fault() -> None:
    result = account(OffsetRange(5, 8), offsets(3, 4, 5, 6, 7), offsets())
    assert result.holds
    assert result.expired == []
    assert result.good == 3


def test_the_command_does_not_say_that_every_record_is_stored_if_some_have_expired() -> None:
    whole, lost = (
        account(OffsetRange(0, 3), offsets(0, 1, 2), offsets()),
        account(OffsetRange(5, 6), offsets(1, 5), offsets()),
    )
    assert [*summary([whole])] == [HOLDS]
    first, fix = summary([whole, lost])
    assert first == "3 records are lost, see expired above. Every other record is stored, and stored once."
    assert "retention.ms" in fix


def test_records_that_retention_deleted_before_they_were_read_have_expired() -> None:
    result = account(OffsetRange(5, 7), offsets(0, 1, 5, 6), offsets())
    assert result.holds
    assert result.expired == [(2, 5)]


def test_what_nobody_can_read_yet_is_reported_and_is_not_missing() -> None:
    opened = datetime(2026, 3, 1, 6, 0, 5, tzinfo=UTC)
    result = account(OffsetRange(0, 3, 4, opened), offsets(0, 1, 2), offsets())
    assert (result.holds, result.records, result.hidden) == (True, 3, 4)
    assert result.unreadable == "4 offsets wait behind an open transaction since 2026-03-01 06:00:05 UTC"
    assert account(OffsetRange(0, 3, 4), offsets(0, 2), offsets()).missing == [(1, 2)]
    assert account(OffsetRange(0, 3), offsets(0, 1, 2), offsets()).unreadable is None


def test_the_command_shows_what_nobody_can_read_yet(capsys: pytest.CaptureFixture[str]) -> None:
    show([account(OffsetRange(0, 3, 4), offsets(0, 1, 2), offsets())])
    assert "unreadable: t/0: 4 offsets wait behind an open transaction" in capsys.readouterr().out


def test_a_row_beyond_the_end_does_not_change_the_account() -> None:
    assert account(OffsetRange(0, 2), offsets(0, 1, 2), offsets()).holds


@given(st.integers(0, 50), st.lists(st.tuples(st.integers(0, 80), st.booleans()), max_size=120), st.integers(0, 60))
def test_the_account_agrees_with_counting(first: int, rows: list[tuple[int, bool]], length: int) -> None:
    good = offsets(*(o for o, dead in rows if not dead))
    dead = offsets(*(o for o, dead in rows if dead))
    result = account(OffsetRange(first, first + length), good, dead)
    seen = [o for o, _ in rows]
    inside = [o for o in seen if first <= o < first + length]
    assert result.missing_count == length - len(set(inside))
    assert result.repeated_count == len({o for o in seen if seen.count(o) > 1})
    assert result.good + result.dead == len(inside)


@given(st.sets(st.integers(0, 60)))
def test_runs_cover_exactly_the_given_offsets(values: set[int]) -> None:
    pairs = ranges(offsets(*values))
    assert {o for a, b in pairs for o in range(a, b)} == values
    assert all(b < c for (_, b), (c, _) in pairwise(pairs))


def test_the_verdict_counts_what_is_wrong() -> None:
    with pytest.raises(CheckFailed, match="6 missing, 0 repeated"):
        verdict([account(OffsetRange(0, 10), offsets(0, 1, 5, 9), offsets())])
    verdict([account(OffsetRange(0, 1), offsets(0), offsets())])


def test_rows_that_the_retention_of_the_tables_deleted_were_stored(capsys: pytest.CaptureFixture[str]) -> None:
    kept = Stored(positions(offsets(5, 9), NONE), offsets(), np.array([[0, 3], [5, 6]], np.int64))
    result = balance("t", 0, OffsetRange(1, 10), kept, every)
    assert (result.deleted, result.deleted_count, result.missing) == ([(1, 3)], 2, [(3, 5), (6, 9)])
    whole = balance("t", 0, OffsetRange(0, 3), kept, every)
    assert (whole.holds, whole.good, whole.records) == (True, 0, 3)
    show([whole])
    shown = " ".join(capsys.readouterr().out.split())
    assert "deleted by retention: t/0: 3 records were stored, and the retention of the tables has deleted" in shown


def test_a_job_that_runs_has_read_a_topic_that_ends_with_the_mark_of_a_transaction(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    span, marks = OffsetRange(0, 4), [3]

    def records_in(_client: object, _topic: str, _partition: int, first: int, end: int) -> Offsets:
        return offsets(*(each for each in range(first, end) if each not in marks))

    def nothing(*_: object) -> None: ...

    for name, value in {
        "_accountable": nothing, "_topics": lambda *_: ["t"], "_refuse_recreated": nothing, "_ended": nothing,
        "_QUIET_S": -1, "stored": lambda *_: {0: Stored(positions(offsets(0, 1), NONE), positions(offsets(2), NONE))},
    }.items():  # fmt: skip
        monkeypatch.setattr(reconcile, name, value)
    monkeypatch.setattr("headrace.environment.iceberg.connect", nothing)
    monkeypatch.setattr("headrace.environment.flink_rest.Cluster.of", nothing)
    monkeypatch.setattr("headrace.environment.kafka.offset_ranges", lambda *_: {0: span})
    monkeypatch.setattr("headrace.environment.kafka_records.records_in", records_in)
    monkeypatch.setattr("time.sleep", nothing)
    known = Mock(kafka_client=dict)
    (balance,) = reconcile.follow(Project(tmp_path, tmp_path), known, "a/b_v1", 120)
    assert (balance.records, balance.no_record, balance.holds) == (3, 1, True)
    marks.clear()
    monkeypatch.setattr(reconcile, "_explain_stall", Mock(side_effect=PlatformError("1 records short")))
    with pytest.raises(PlatformError, match="1 records short"):
        reconcile.follow(Project(tmp_path, tmp_path), known, "a/b_v1", 0)
