"""Rows that are older than the retention of their table go, and all others stay."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyiceberg.table import Table
from pyiceberg.table.snapshots import Operation
from typer.testing import CliRunner

from headrace.cli import app
from headrace.environment import iceberg, settings
from headrace.environment.apply import table_changes
from headrace.environment.settings import Settings
from headrace.errors import PlatformError
from headrace.operations import deleted_rows
from headrace.operations.deleted_rows import DeletedRows, packed, unpacked
from headrace.operations.offset_runs import runs
from headrace.project import table_files
from headrace.project.paths import Project
from headrace.project.retention import Retention
from headrace.project.system_tables import DEAD_LETTERS, DELETED_ROWS
from headrace.upkeep import retention
from headrace.upkeep.maintain import compact
from headrace.upkeep.maintain.live_files import Live
from headrace.upkeep.retention import Report, expired, run
from headrace.upkeep.retention.expired import Policy
from headrace.upkeep.retention.needed import Needed
from support import ROOT, copy_tables
from support.worlds.pumps import empty_plant

READINGS = "historian.readings"
NOW = datetime(2026, 3, 1, 5, tzinfo=UTC)
TODAY = NOW.replace(hour=0)
CLASSES = 'retention: {default: 20d, classes: [{tags: "*.vibration", keep: 5d}, {tags: "P1.*", keep: 40d}]}'
KEPT_DAYS = {"P1.vibration": 5, "P2.vibration": 5, "P1.flow": 40, "P2.flow": 20}
Row = dict[str, Any]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setattr(run, "_now", lambda: NOW)
    project = empty_plant(ROOT, tmp_path)
    copy_tables(tmp_path, DELETED_ROWS, DEAD_LETTERS)
    keep(project, CLASSES)
    table_changes.apply(project, settings.load(project, "local"))
    return project


@pytest.fixture
def local(project: Project) -> Settings:
    return settings.load(project, "local")


def keep(project: Project, text: str) -> None:
    path = table_files.path_of(project, READINGS)
    lines = [text if line.startswith("retention:") else line for line in path.read_text().splitlines()]
    path.write_text("\n".join(lines) + "\n")


def load(local: Settings, name: str = READINGS) -> Table:
    return iceberg.load_table(iceberg.connect(local), name)


def row(days: int, tag: str, offset: int) -> Row:
    """A reading that was measured on the day this long before today."""
    ts = TODAY - timedelta(days=days) + timedelta(seconds=offset)
    return {"tag": tag, "ts": ts, "value": float(offset), "quality": 0} | {
        "src_topic": "t", "src_partition": offset % 2, "src_offset": offset, "src_index": 0
    }  # fmt: skip


def store(project: Project, local: Settings, rows: list[Row]) -> None:
    schema = table_files.load_all(project)[READINGS].arrow_schema()
    load(local).append(pa.Table.from_pylist(rows, schema))


def stored(local: Settings) -> list[tuple[str, int]]:
    found = load(local).scan().to_arrow()
    return sorted(zip(found["tag"].to_pylist(), found["src_offset"].to_pylist(), strict=True))


def apply(project: Project, local: Settings, *, dry_run: bool = False) -> Report:
    (report,) = retention.apply(project, local, [READINGS], dry_run=dry_run)
    return report


def some(days: tuple[int, ...] = (1, 5, 6, 20, 21, 40, 41)) -> list[Row]:
    return [row(day, tag, 100 * day + n) for day in days for n, tag in enumerate([*KEPT_DAYS, *KEPT_DAYS])]


def left(rows: list[Row]) -> list[tuple[str, int]]:
    return sorted(
        (each["tag"], each["src_offset"])
        for each in rows
        if (TODAY - each["ts"].replace(hour=0, minute=0, second=0)).days <= KEPT_DAYS[each["tag"]]
    )


def test_rows_go_by_day_and_class_and_a_dry_run_says_which(project: Project, local: Settings) -> None:
    rows = some()
    store(project, local, rows[::2])
    store(project, local, rows[1::2])
    before = load(local)
    planned = apply(project, local, dry_run=True)
    assert load(local).metadata_location == before.metadata_location
    report = apply(project, local)
    assert report == planned
    assert stored(local) == left(rows)
    counts = {(each.tags, each.partition): (each.rows, each.files, each.whole_files) for each in report.deleted}
    day = (TODAY - timedelta(days=41)).date()
    assert counts["P1.*", f"ts_day={day}"] == (2, 1, 1)
    assert counts["default", f"ts_day={day}"] == (2, 1, 1)
    assert counts["*.vibration", f"ts_day={day}"] == (4, 2, 2)
    assert sum(each.rows for each in report.deleted) == len(rows) - len(left(rows))
    assert apply(project, local).deleted == ()


def test_files_without_another_row_leave_the_metadata_and_others_are_rewritten_sorted(
    project: Project, local: Settings
) -> None:
    store(project, local, some((50, 60)))
    table = load(local)
    apply(project, local)
    head = load(local).current_snapshot()
    assert head
    assert head.summary
    assert (head.summary.operation, head.parent_snapshot_id) == (Operation.DELETE, table.metadata.current_snapshot_id)
    assert stored(local) == []
    store(project, local, some((30,)))
    apply(project, local)
    head = load(local).current_snapshot()
    assert head
    assert head.summary
    assert head.summary.operation == Operation.OVERWRITE
    (file,) = Live.of(load(local)).files
    assert (file.record_count, file.sort_order_id) == (2, load(local).sort_order().order_id)


def test_the_offsets_of_deleted_rows_are_recorded_before_the_rows_go(
    project: Project, local: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = some()
    store(project, local, rows)
    monkeypatch.setattr(run._Work, "_committed", lambda *_: pytest.fail("killed"))
    with pytest.raises(pytest.fail.Exception):
        apply(project, local)
    assert len(stored(local)) == len(rows)
    monkeypatch.undo()
    monkeypatch.setattr(run, "_now", lambda: NOW)
    apply(project, local)
    remaining = {offset for _, offset in stored(local)}
    found = deleted_rows.offsets(deleted_rows.of(iceberg.connect(local), [READINGS]), "any/job_v1")
    numbers = {n for (_, _), own in found.items() for first, end in own.tolist() for n in range(first, end)}
    assert numbers == {each["src_offset"] for each in rows} - remaining
    assert {place for place, own in found.items() if len(own)} == {("t", 0), ("t", 1)}


def test_rows_that_come_while_a_day_is_deleted_stay_for_the_next_run(
    project: Project, local: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = some()
    store(project, local, rows)
    late = [row(30, "P1.vibration", 7), row(30, "P1.flow", 8)]
    real = compact.rewritten
    once = [late]

    def overtaken(*given: Any) -> Any:
        written = real(*given)
        if once:
            store(project, local, once.pop())
        return written

    monkeypatch.setattr(compact, "rewritten", overtaken)
    apply(project, local)
    assert stored(local) == sorted([*left(rows), ("P1.vibration", 7), ("P1.flow", 8)])
    apply(project, local)
    assert stored(local) == left([*rows, *late])


def test_rows_that_windows_need_stay_however_old(
    project: Project, local: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = some()
    store(project, local, rows)
    need = Needed(TODAY - timedelta(days=25), "windows of historian/rollup_1m_v1 wait")
    monkeypatch.setattr(run, "needed", lambda *_: need)
    report = apply(project, local)
    days = {each["src_offset"]: each["src_offset"] // 100 for each in rows}
    assert {days[offset] for _, offset in stored(local)} == {1, 5, 6, 20, 21, 40}
    assert "windows of historian/rollup_1m_v1 wait" in report.notes[0]


def test_letters_that_go_are_those_of_one_job(project: Project, local: Settings) -> None:
    schema = table_files.load_all(project)[DEAD_LETTERS].arrow_schema()
    place = {"src_topic": "t", "src_partition": 0, "src_index": 0, "dead_at": TODAY - timedelta(days=400)}
    letters = [place | {"src_offset": 3, "job": "a/a_v1"}, place | {"src_offset": 4, "job": "b/b_v1"}]
    load(local, DEAD_LETTERS).append(pa.Table.from_pylist(letters, schema))
    (report,) = retention.apply(project, local, [DEAD_LETTERS])
    assert [(each.tags, each.rows) for each in report.deleted] == [("default", 2)]
    gone = deleted_rows.of(iceberg.connect(local), [DEAD_LETTERS])
    assert {job: deleted_rows.offsets(gone, job)["t", 0].tolist() for job in ("a/a_v1", "b/b_v1")} == {
        "a/a_v1": [[3, 4]],
        "b/b_v1": [[4, 5]],
    }


def test_a_table_that_was_created_again_has_lost_nothing(project: Project, local: Settings) -> None:
    store(project, local, some())
    apply(project, local)
    catalog = iceberg.connect(local)
    assert deleted_rows.of(catalog, [READINGS])
    catalog.drop_table(READINGS)
    assert deleted_rows.of(catalog, [READINGS]) == []
    table_changes.apply(project, local)
    assert deleted_rows.of(catalog, [READINGS]) == []


@pytest.mark.parametrize(
    ("unit", "value", "first", "last"),
    [
        ("hour", 24 * 31 + 5, datetime(1970, 2, 1, 5, tzinfo=UTC), datetime(1970, 2, 1, 6, tzinfo=UTC)),
        ("day", 31, datetime(1970, 2, 1, tzinfo=UTC), datetime(1970, 2, 2, tzinfo=UTC)),
        ("day", date(1970, 2, 1), datetime(1970, 2, 1, tzinfo=UTC), datetime(1970, 2, 2, tzinfo=UTC)),
        ("month", 12, datetime(1971, 1, 1, tzinfo=UTC), datetime(1971, 2, 1, tzinfo=UTC)),
        ("year", 1, datetime(1971, 1, 1, tzinfo=UTC), datetime(1972, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_partition_begins_where_the_one_before_ends(
    unit: str, value: int | date, first: datetime, last: datetime
) -> None:
    assert expired._span(unit, value) == (first, last)


def test_without_a_place_to_record_them_no_row_goes(project: Project, local: Settings) -> None:
    store(project, local, some())
    iceberg.connect(local).drop_table(DELETED_ROWS)
    assert apply(project, local, dry_run=True).deleted
    with pytest.raises(PlatformError) as caught:
        apply(project, local)
    assert caught.value.problems[0].fix == "create it: `headrace tables apply`"
    assert len(stored(local)) == len(some())


def test_maintain_deletes_rows_only_if_asked_to(
    project: Project, local: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADRACE_PROJECT", str(project.root))
    monkeypatch.setenv("HEADRACE_HOME", str(project.home))
    rows = some()
    store(project, local, rows)
    assert CliRunner().invoke(app, ["maintain", READINGS]).exit_code == 0
    assert len(stored(local)) == len(rows)
    shown = CliRunner().invoke(app, ["maintain", READINGS, "--retention", "--dry-run"])
    assert "rows to delete" in shown.stdout
    (document,) = json.loads(CliRunner().invoke(app, ["maintain", READINGS, "--retention", "--json"]).stdout)
    assert document["retention"]["retention"] == "20d, 5d for *.vibration, 40d for P1.*"
    assert sum(each["rows"] for each in document["retention"]["deleted"]) == len(rows) - len(left(rows))
    assert stored(local) == left(rows)


def test_tables_plan_shows_what_a_shorter_retention_would_delete(
    project: Project, local: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADRACE_PROJECT", str(project.root))
    monkeypatch.setenv("HEADRACE_HOME", str(project.home))
    store(project, local, some())
    assert json.loads(CliRunner().invoke(app, ["tables", "plan", READINGS, "--json"]).stdout)[0]["changes"] == []
    keep(project, "retention: 3d")
    (document,) = json.loads(CliRunner().invoke(app, ["tables", "plan", READINGS, "--json"]).stdout)
    deleted = document["retention"]["deleted"]
    assert (sum(each["rows"] for each in deleted), {each["tags"] for each in deleted}) == (48, {"default"})
    shown = CliRunner().invoke(app, ["tables", "plan", READINGS]).stdout
    assert "rows to delete" in shown
    assert f"ts_day={(TODAY - timedelta(days=5)).date()}" in shown
    assert len(stored(local)) == len(some())


def test_a_day_goes_once_all_of_it_is_older_than_its_class_is_kept() -> None:
    policy = Policy(Retention.parse("3d"), NOW)
    ends = [TODAY - timedelta(days=days) for days in (2, 3, 4)]
    assert [policy.classes(end) for end in ends] == [(), ("default",), ("default",)]


@given(st.lists(st.integers(0, 2**43), max_size=40))
def test_runs_of_offsets_are_packed_without_loss(offsets: list[int]) -> None:
    given_runs = runs(pa.array(offsets, pa.int64()).to_numpy())
    assert unpacked(packed(given_runs)).tolist() == given_runs.tolist()


def test_a_tag_was_deleted_if_its_class_and_its_time_were() -> None:
    of = DeletedRows("t", "id", "default", '["*.vibration", "P1.*"]', TODAY, NOW, 1, None, None, None, None, NOW)
    assert [of.includes(tag, TODAY) for tag in ("P2.flow", "P2.vibration", "P1.flow")] == [True, False, False]
    assert not of.includes("P2.flow", NOW)
    assert Counter(of.includes("P2.flow", TODAY - timedelta(hours=h)) for h in (0, 1)) == {True: 1, False: 1}


def test_a_table_that_fails_does_not_keep_others_from_losing_old_rows(
    project: Project, local: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def of(table: Table) -> Live:
        if table.name()[-1] == "dead_letters":
            raise PlatformError("the store is away", DEAD_LETTERS)
        return live(table)

    live = Live.of
    store(project, local, some())
    monkeypatch.setattr(Live, "of", of)
    reports = retention.apply(project, local, [DEAD_LETTERS, READINGS])
    assert next(reports).table == READINGS
    with pytest.raises(PlatformError, match="the store is away"):
        next(reports)
