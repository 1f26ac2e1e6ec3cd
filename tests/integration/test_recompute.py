"""Windows that late readings touched, computed again: the rows are the same as if nothing had been late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pyiceberg.table.snapshots import Operation

from headrace.environment.iceberg import connect, load_table
from headrace.errors import UserError
from headrace.project import job_folder
from headrace.project.paths import Project
from headrace.upkeep import recompute
from headrace.upkeep.recompute import Recomputed, dirty, run
from headrace.upkeep.recompute.dirty import Window
from support.worlds.live_plant import JOB, START_MS, Plant, plant, reading, until

ROLLUP = "historian/rollup_1m_v1"
TABLE = "historian.rollup_1m"
ROWS = f"select * from {TABLE} order by tag, ts"


def work(plant: Plant) -> Recomputed:
    (result,) = recompute.recompute(plant.project, plant.settings, [ROLLUP], print)
    return result


def store(plant: Plant) -> None:
    plant.finish(plant.submit(JOB, bounded=True, parallelism=1))


def until_late(plant: Plant, count: int) -> None:
    until(lambda: plant.query("select count(*) from historian.late_readings") == [(count,)], 120)


def names(windows: list[Window]) -> set[tuple[str, datetime]]:
    return {each.name for each in windows}


def window_of(n: int, tag: str) -> tuple[str, datetime]:
    """That of the nth reading of the plant's gateway."""
    return tag, datetime.fromtimestamp((START_MS // 1000 + n) // 60 * 60, UTC)


def same(rows: list[tuple[Any, ...]], others: list[tuple[Any, ...]]) -> bool:
    assert len(rows) == len(others)
    return all(
        a == pytest.approx(b, rel=1e-12) if isinstance(a, float) else a == b
        for row, other in zip(rows, others, strict=True)
        for a, b in zip(row, other, strict=True)
    )


def interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def test_what_was_late_counts_in_the_end_as_if_it_had_not_been(
    own_plant: Plant, platform: Project, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_time = [(n, tag) for n in range(0, 2_400, 7) for tag in ("a", "b")]
    late = [(n, tag) for n in range(3, 600, 50) if n % 7 for tag in ("a", "c")]
    after = [(n, tag) for n in range(2_401, 3_000, 7) for tag in ("a", "b")]
    job = own_plant.submit(ROLLUP, parallelism=1)
    own_plant.produce(reading(*each) for each in on_time)
    until(lambda: len(own_plant.query(ROWS)) >= 70, 120)
    own_plant.produce(reading(*each) for each in late)
    until_late(own_plant, len(late))

    touched = {window_of(*each) for each in late}
    before = own_plant.query(ROWS)
    monkeypatch.setattr(run, "PATIENCE_S", 0)
    waiting = work(own_plant)
    assert (waiting.recomputed, names(waiting.unstored), waiting.still_open) == ([], touched, [])
    assert own_plant.query(ROWS) == before
    store(own_plant)
    monkeypatch.setattr(dirty, "AT_ONCE", timedelta(minutes=15))
    with monkeypatch.context() as dying:
        dying.setattr(dirty, "done", interrupted)
        with pytest.raises(KeyboardInterrupt):
            work(own_plant)
    done = work(own_plant)
    assert (names(done.recomputed), done.unstored, done.still_open) == (touched, [], [])
    assert len(done.recomputed) == len(touched) > 15
    again = work(own_plant)
    assert (again, again.through) == (Recomputed(ROLLUP, [], [], [], through=done.through), done.through)
    assert done.through
    snapshots = load_table(connect(own_plant.settings), TABLE).snapshots()
    assert {each.summary.operation for each in snapshots if each.summary} == {Operation.APPEND, Operation.OVERWRITE}

    # The job goes on, and appends to the table that was changed beneath it.
    own_plant.produce(reading(*each) for each in after)
    last = window_of(2_900, "b")[1]
    until(lambda: own_plant.query(f"select max(ts) >= '{last}' from {TABLE}") == [(True,)], 120)
    assert own_plant.cluster.state(job.id) == "RUNNING"
    own_plant.cluster.cancel(job.id)
    with plant(platform, tmp_path_factory.mktemp("scratch")) as scratch:
        scratch.produce(reading(*each) for each in sorted([*on_time, *late, *after]))
        scratch.finish(scratch.submit(ROLLUP, bounded=True, parallelism=1))
        until_late(scratch, 0)
        rows = own_plant.query(ROWS)
        assert same(rows, [row for row in scratch.query(ROWS) if row[1] <= max(each[1] for each in rows)])


@pytest.mark.proof
def test_a_window_that_the_job_may_yet_write_waits(own_plant: Plant) -> None:
    own_plant.submit(ROLLUP, parallelism=1)
    own_plant.produce(reading(n, tag) for n in range(0, 130, 5) for tag in ("a", "b"))
    until(lambda: len(own_plant.query(ROWS)) >= 2, 120)
    # Behind the watermark, in the window that it stands in.
    own_plant.produce(reading(n, "a") for n in (101, 103))
    until_late(own_plant, 2)
    store(own_plant)
    result = work(own_plant)
    assert (result.recomputed, result.unstored, names(result.still_open)) == ([], [], {window_of(101, "a")})
    own_plant.produce(reading(n, tag) for n in range(130, 400, 5) for tag in ("a", "b"))
    until(lambda: len(own_plant.query(ROWS)) >= 10, 120)
    store(own_plant)
    assert names(work(own_plant).recomputed) == {window_of(101, "a")}
    key, start = window_of(101, "a")
    (count,) = own_plant.query(f"select readings from {TABLE} where tag = '{key}' and ts = '{start}'")
    assert count == (12 + 2,)


@pytest.mark.proof
def test_another_late_reading_makes_a_window_dirty_again(own_plant: Plant) -> None:
    own_plant.submit(ROLLUP, parallelism=1)
    own_plant.produce(reading(n, tag) for n in range(0, 400, 5) for tag in ("a", "b"))
    until(lambda: len(own_plant.query(ROWS)) >= 10, 120)
    counts = []
    for n in (1, 2):
        own_plant.produce([reading(n, "a")])
        until_late(own_plant, n)
        store(own_plant)
        (window,) = work(own_plant).recomputed
        ((count,),) = own_plant.query(f"select readings from {TABLE} order by tag, ts limit 1")
        counts.append((window.late_readings, count))
    assert counts == [(1, 9), (2, 10)]
    listed = own_plant.query("select late_readings, recomputed_at is not null from historian.dirty_windows")
    assert listed == [(2, True)]


@pytest.mark.proof
def test_a_late_reading_in_no_table_is_found_by_the_expected_counts(own_plant: Plant) -> None:
    job = own_plant.submit(ROLLUP, parallelism=1)
    own_plant.produce(reading(n, tag) for n in range(0, 400, 5) for tag in ("a", "b"))
    until(lambda: len(own_plant.query(ROWS)) >= 10, 120)
    store(own_plant)
    result = work(own_plant)
    assert (result.recomputed, result.beyond) == ([], [])
    savepoint = own_plant.cluster.stop(job.id)
    # The job starts while these arrive: it knows no watermark yet, and its windows do.
    unlisted = [(1, "a"), (2, "a"), (63, "c")]
    own_plant.produce(reading(*each) for each in unlisted)
    own_plant.submit(ROLLUP, parallelism=1, restore=savepoint)
    own_plant.produce(reading(n, tag) for n in range(400, 800, 5) for tag in ("a", "b"))
    until(lambda: len(own_plant.query(ROWS)) >= 20, 120)
    assert own_plant.query("select count(*) from historian.late_readings") == [(0,)]
    store(own_plant)
    done = work(own_plant)
    assert names(done.recomputed) == {window_of(*each) for each in unlisted}
    assert {each.late_readings for each in done.recomputed} == {0}
    assert done.through
    assert result.through
    assert done.through > result.through
    counted = own_plant.query(f"select tag, readings from {TABLE} where ts <= to_timestamp({START_MS // 1000 + 63})")
    assert sorted(counted) == [("a", 8 + 2), ("a", 12), ("b", 8), ("b", 12), ("c", 1)]


@pytest.mark.proof
def test_windows_that_count_more_than_is_stored_are_left_alone(own_plant: Plant) -> None:
    own_plant.submit(ROLLUP, parallelism=1)
    own_plant.produce(reading(n, tag) for n in range(0, 400, 5) for tag in ("a", "b"))
    until(lambda: len(own_plant.query(ROWS)) >= 10, 120)
    # The job that keeps the readings came later than retention.
    own_plant.forget(20)
    own_plant.produce([reading(1, "a")])
    until_late(own_plant, 1)
    store(own_plant)
    before = own_plant.query(ROWS)
    result = work(own_plant)
    assert (result.recomputed, own_plant.query(ROWS)) == ([], before)
    first = window_of(1, "a")
    assert {(each.name, each.stored, each.counted) for each in result.beyond if each.name == first} == {(first, 1, 8)}


@pytest.mark.proof
def test_expected_counts_that_the_job_contradicts_change_nothing(own_plant: Plant) -> None:
    own_plant.submit(ROLLUP, parallelism=1)
    own_plant.produce(reading(n, "a") for n in range(0, 400, 5))
    until(lambda: len(own_plant.query(ROWS)) >= 5, 120)
    store(own_plant)
    before = own_plant.query(ROWS)
    (own_plant.project.sql / ROLLUP / "expected_counts.sql.j2").write_text(
        "select tag, date_trunc('minute', ts) as ts, 2 * count(*) as readings from readings group by all"
    )
    with pytest.raises(
        UserError, match=r"16 readings are expected, but the job's own SQL counts 8; \d more windows differ"
    ):
        work(own_plant)
    assert own_plant.query(ROWS) == before


def test_a_job_that_does_not_say_so_is_refused(own_plant: Plant) -> None:
    with pytest.raises(UserError, match="no windows of 'historian/readings_v1' can be computed again"):
        recompute.recompute(own_plant.project, own_plant.settings, [JOB])
    file = own_plant.project.sql / JOB / "job.yaml"
    file.write_text(file.read_text() + "window: 1m\n")
    with pytest.raises(UserError, match="only if the job reads one source, has no steps, and writes one table"):
        job_folder.load(own_plant.project, JOB)
