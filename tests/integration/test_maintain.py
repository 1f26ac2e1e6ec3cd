"""`headrace maintain` on a real Iceberg catalog, SQLite and files, with appends as Flink makes them, without Flink."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyiceberg.manifest import write_manifest
from pyiceberg.table import Table
from pyiceberg.table.snapshots import Operation
from typer.testing import CliRunner

from headrace.cli import app
from headrace.environment import iceberg, settings, warehouse
from headrace.environment.settings import Settings
from headrace.errors import PlatformError
from headrace.project import table_files
from headrace.project.paths import Project
from headrace.project.system_tables import TAGS
from headrace.upkeep import maintain
from headrace.upkeep.maintain import Report, choose, compact, deletes, expire, merged_rows, orphans
from headrace.upkeep.maintain.live_files import Live
from support.worlds.pumps import empty_plant

READINGS = "historian.readings"
TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
CLOSED = TODAY - timedelta(days=2)
Identity = Counter[tuple[Any, ...]]


@pytest.fixture
def project(pytestconfig: pytest.Config, tmp_path: Path) -> Project:
    return empty_plant(pytestconfig.rootpath, tmp_path)


@pytest.fixture
def local(project: Project) -> Settings:
    return settings.load(project, "local")


def load(local: Settings) -> Table:
    return iceberg.load_table(iceberg.connect(local), READINGS)


def append(project: Project, local: Settings, first: int, rows: int = 20, day: datetime = CLOSED, **said: str) -> None:
    """Append readings whose offsets count from `first`, in one file; `said` stands in the snapshot's summary."""
    listed = [
        {"tag": f"t{(first + n) * 7 % 5}", "ts": day + timedelta(seconds=(first + n) * 31 % 80000), "quality": 0}
        | {"value": float(first + n), "src_topic": "t", "src_partition": 0, "src_offset": first + n, "src_index": 0}
        for n in range(rows)
    ]
    schema = table_files.load_all(project)[READINGS].arrow_schema()
    properties = {f"flink.{key.replace('_', '-')}": value for key, value in said.items()}

    def attempt() -> None:
        load(local).append(pa.Table.from_pylist(listed, schema), snapshot_properties=properties)

    iceberg.commit(READINGS, attempt)


def identities(table: Table, snapshot: int | None = None) -> Identity:
    rows = table.scan(snapshot_id=snapshot).to_arrow()
    columns = ("src_topic", "src_partition", "src_offset", "src_index", "tag", "ts", "value")
    return Counter(zip(*(rows[each].to_pylist() for each in columns), strict=True))


def run(project: Project, local: Settings, *, dry_run: bool = False) -> Report:
    (report,) = maintain.maintain(project, local, [READINGS], dry_run=dry_run)
    return report


def set_property(local: Settings, name: str, value: str) -> None:
    with load(local).transaction() as transaction:
        transaction.set_properties({name: value})


def forget_at_once(local: Settings) -> None:
    set_property(local, "history.expire.max-snapshot-age-ms", "1")
    time.sleep(0.01)


def flink_finds(table: Table, job: str, operator: str = "o") -> int:
    """The checkpoint that Flink's committer holds for committed, on its way back from the head."""
    snapshot = table.current_snapshot()
    while snapshot and snapshot.summary:
        said = snapshot.summary
        if (said["flink.job-id"], said["flink.operator-id"]) == (job, operator):
            return int(said["flink.max-committed-checkpoint-id"] or -1)
        parent = snapshot.parent_snapshot_id
        snapshot = table.snapshot_by_id(parent) if parent else None
    return -1


def on_disk(table: Table) -> set[Path]:
    return {each for each in Path(table.location().removeprefix("file://")).rglob("*") if each.is_file()}


def grow_old(paths: set[Path]) -> None:
    """Eight days."""
    for each in paths:
        os.utime(each, (time.time() - 8 * 86_400,) * 2)


def files(table: Table) -> list[str]:
    return sorted(task.file.file_path for task in table.scan().plan_files())


def test_a_closed_day_becomes_one_sorted_run_in_one_snapshot_that_changes_no_row(
    project: Project, local: Settings
) -> None:
    for first in range(0, 200, 20):
        append(project, local, first)
    before = load(local)
    report = run(project, local)
    after = load(local)
    assert identities(after) == identities(before)
    assert (report.files_before, report.files_after) == (10, 1)
    assert len(after.snapshots()) == len(before.snapshots()) + 1
    added = after.current_snapshot()
    assert added
    assert added.summary
    assert added.summary.operation == Operation.REPLACE
    assert {key: added.summary[key] for key in ("added-records", "deleted-records", "total-records")} == dict.fromkeys(
        ("added-records", "deleted-records", "total-records"), "200"
    )
    totals = warehouse.ask(warehouse.open(local, [READINGS]), f"select count(*), sum(src_offset) from {READINGS}")
    assert totals.fetchone() == (200, sum(range(200)))
    (path,) = files(after)
    stored = pq.read_table(path.removeprefix("file://"))
    order = list(zip(stored["tag"].to_pylist(), stored["ts"].to_pylist(), strict=True))
    assert order == sorted(order)
    assert identities(after, before.current_snapshot().snapshot_id) == identities(before)  # type: ignore[union-attr]
    (task,) = after.scan(row_filter="tag = 't3'").plan_files()
    assert task.file.sort_order_id == after.sort_order().order_id
    assert not [*after.scan(row_filter="tag = 'u'").plan_files()]
    schema = {field.name: field.metadata[b"PARQUET:field_id"] for field in pq.read_schema(path.removeprefix("file://"))}
    assert schema == {field.name: str(field.field_id).encode() for field in after.schema().fields}


def test_pages_of_version_2_are_kept_and_times_and_offsets_are_differences_in_them(
    project: Project, local: Settings
) -> None:
    set_property(local, "write.parquet.page-version", "v2")
    for first in range(0, 200, 20):
        append(project, local, first)
    before = load(local)
    run(project, local)
    after = load(local)
    assert identities(after) == identities(before)
    (path,) = files(after)
    group = pq.read_metadata(path.removeprefix("file://")).row_group(0)
    encodings = {group.column(n).path_in_schema: group.column(n).encodings for n in range(group.num_columns)}
    differences = {name for name, found in encodings.items() if "DELTA_BINARY_PACKED" in found}
    assert differences >= {"ts", "src_offset"}
    assert "RLE_DICTIONARY" in encodings["tag"]
    totals = warehouse.ask(warehouse.open(local, [READINGS]), f"select count(*), sum(src_offset) from {READINGS}")
    assert totals.fetchone() == (200, sum(range(200)))


def test_a_second_run_and_a_dry_run_change_nothing(project: Project, local: Settings) -> None:
    for first in range(0, 60, 20):
        append(project, local, first)
    before = load(local)
    report = run(project, local, dry_run=True)
    assert load(local).metadata_location == before.metadata_location
    assert [(each.files_before, each.files_after) for each in report.rewritten] == [(3, None)]
    run(project, local)
    once = load(local)
    assert run(project, local).rewritten == ()
    assert load(local).metadata_location == once.metadata_location


def test_a_large_day_is_cut_into_files_of_the_target_size_each_with_tags_of_its_own(
    project: Project, local: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merged_rows, "ROWS_AT_ONCE", 2048)
    set_property(local, "write.target-file-size-bytes", "10000")
    for first in range(0, 6000, 2000):
        append(project, local, first, rows=2000)
    before = load(local)
    run(project, local)
    after = load(local)
    assert identities(after) == identities(before)
    assert len(files(after)) == 3
    at = after.schema().find_field("tag").field_id
    data_files = [task.file for task in after.scan().plan_files()]
    bounds = sorted((each.lower_bounds[at], each.upper_bounds[at]) for each in data_files)
    assert all(upper <= lower for (_, upper), (lower, _) in pairwise(bounds))
    assert run(project, local).rewritten == ()


def test_an_open_day_is_merged_once_there_are_enough_small_files_and_sorted_when_it_closes(
    project: Project, local: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The session may have begun before midnight.
    monkeypatch.setattr("headrace.upkeep.maintain.run._now", lambda: TODAY + timedelta(hours=23))
    for first in range(0, 70, 10):
        append(project, local, first, rows=10, day=TODAY)
    assert run(project, local).rewritten == ()
    append(project, local, 70, rows=10, day=TODAY)
    before = load(local)
    (merged,) = run(project, local).rewritten
    assert (merged.closed, merged.files_before, merged.files_after) == (False, 8, 1)
    assert run(project, local).rewritten == ()
    monkeypatch.setattr("headrace.upkeep.maintain.run._now", lambda: TODAY + timedelta(days=1, hours=2))
    (closed,) = run(project, local).rewritten
    assert (closed.closed, closed.files_before) == (True, 1)
    assert identities(load(local)) == identities(before)


def test_a_late_reading_is_sorted_in_next_to_large_files_that_stay(project: Project, local: Settings) -> None:
    append(project, local, 0, rows=1000)
    run(project, local)
    (large,) = files(load(local))
    set_property(local, "write.target-file-size-bytes", "10000")
    append(project, local, 1000, rows=1)
    (late,) = run(project, local).rewritten
    assert (late.files_before, late.rows) == (1, 1)
    assert large in files(load(local))
    assert run(project, local).rewritten == ()


def test_rows_appended_meanwhile_are_neither_lost_nor_doubled(project: Project, local: Settings) -> None:
    for first in range(0, 100, 10):
        append(project, local, first, rows=10)

    def write() -> None:
        for first in range(100, 500, 10):
            time.sleep(0.1)
            append(project, local, first, rows=10, day=CLOSED if first % 20 else TODAY)

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        runs = [run(project, local)]
        while not writing.done():
            runs.append(run(project, local))
        writing.result()
    assert len([each for each in runs if each.rewritten]) > 1
    table = load(local)
    assert sorted(table.scan().to_arrow()["src_offset"].to_pylist()) == [*range(500)]
    assert iceberg.row_count(table) == 500


def put_in_place(local: Settings, read: Table, *groups: choose.Group) -> list[str]:
    done = compact.compact(iceberg.connect(local), READINGS, read, groups, lambda _group: None)
    return [each.partition for each in done]


def test_days_are_committed_together_without_those_that_another_maintainer_replaced_first(
    project: Project, local: Settings
) -> None:
    for first in range(0, 80, 20):
        append(project, local, first, day=CLOSED - timedelta(days=first // 40))
    before = load(local)
    later, earlier = choose.choose(before, Live.of(before), datetime.now(UTC))
    assert put_in_place(local, before, earlier) == [earlier.partition]
    append(project, local, 80)
    assert put_in_place(local, before, earlier, later) == [later.partition]
    assert len(load(local).snapshots()) == len(before.snapshots()) + 3
    assert sorted(identities(load(local)).values()) == [1] * 100


def test_the_size_of_one_commit_is_limited(project: Project, local: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for first in range(0, 120, 20):
        append(project, local, first, day=CLOSED - timedelta(days=first % 60 // 20))
    before = load(local)
    sizes = [each.bytes for each in choose.choose(before, Live.of(before), datetime.now(UTC))]
    monkeypatch.setattr(choose, "AT_ONCE", sizes[0] + sizes[1])
    assert len(run(project, local).rewritten) == 3
    assert len(load(local).snapshots()) == len(before.snapshots()) + 2


def test_two_maintainers_at_once_leave_each_row_once(project: Project, local: Settings) -> None:
    for first in range(0, 200, 10):
        append(project, local, first, rows=10, day=CLOSED - timedelta(days=first % 4))
    before = identities(load(local))
    forget_at_once(local)
    with ThreadPoolExecutor(3) as pool:
        for each in [pool.submit(run, project, local) for _ in range(3)]:
            each.result()
    after = load(local)
    assert identities(after) == before
    assert set(before.values()) == {1}
    assert iceberg.row_count(after) == 200
    assert run(project, local).rewritten == ()


def test_files_that_another_has_replaced_are_not_replaced_again(project: Project, local: Settings) -> None:
    for first in range(0, 40, 20):
        append(project, local, first)
    before = load(local)
    (group,) = choose.choose(before, Live.of(before), datetime.now(UTC))
    run(project, local)
    once = load(local)
    assert put_in_place(local, before, group) == []
    assert load(local).metadata_location == once.metadata_location


def test_files_are_not_put_into_a_table_whose_layout_was_changed_meanwhile(project: Project, local: Settings) -> None:
    append(project, local, 0)
    before = load(local)
    (group,) = choose.choose(before, Live.of(before), datetime.now(UTC))
    with load(local).update_spec() as spec:
        spec.add_field("tag", "bucket[4]", "tag_bucket_4")
    assert put_in_place(local, before, group) == []
    report = run(project, local)
    assert report.rewritten == ()
    assert report.notes == ("files of an earlier partition layout, which are left as they are: 1",)
    append(project, local, 20)
    assert sum(each.rows for each in run(project, local).rewritten) == 20
    assert len(identities(load(local))) == 40


def test_a_file_with_fewer_rows_than_in_its_metadata_is_not_replaced(
    project: Project, local: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(project, local, 0)
    before = load(local)
    real = deletes.read
    monkeypatch.setattr(merged_rows, "read", lambda *given: (batch.slice(1) for batch in real(*given)))
    with pytest.raises(PlatformError, match="20 rows by its metadata, and 19 were read"):
        run(project, local)
    assert load(local).metadata_location == before.metadata_location


KILLED = """
import os, signal, sys
from itertools import pairwise
from pathlib import Path
from unittest import mock
from pyiceberg.catalog.sql import SqlCatalog
from headrace.environment import settings
from headrace.upkeep import maintain
from headrace.upkeep.maintain import compact, expire
from headrace.project.paths import Project

point, root, home = sys.argv[1:]
owner, name, late = {
    "files written": (compact, "_replace", False),
    "manifests written": (SqlCatalog, "commit_table", False),
    "metadata written": (SqlCatalog, "_write_metadata", True),
    "committed": (SqlCatalog, "commit_table", True),
    "expired": (expire, "_remove", False),
    "some removed": (expire, "delete", True),
}[point]
real = getattr(owner, name)

def kill(*args, **named):
    if late:
        real(*args, **named)
    os.kill(os.getpid(), signal.SIGKILL)

kill = staticmethod(kill) if name == "_write_metadata" else kill
project = Project(Path(root), Path(home))
with mock.patch.object(owner, name, kill):
    list(maintain.maintain(project, settings.load(project, "local"), ["historian.readings"]))
"""


@pytest.mark.parametrize(
    "point", ["files written", "manifests written", "metadata written", "committed", "expired", "some removed"]
)
def test_maintenance_killed_at_any_point_leaves_the_table_correct_and_the_next_run_completes_it(
    project: Project, local: Settings, point: str
) -> None:
    for first in range(0, 80, 10):
        append(project, local, first, rows=10, day=CLOSED - timedelta(days=first % 20 // 10), job_id="a")
    before = identities(load(local))
    forget_at_once(local)
    command = [sys.executable, "-c", KILLED, point, str(project.root), str(project.home)]
    assert subprocess.run(command, check=False, timeout=120).returncode == -signal.SIGKILL
    assert identities(load(local)) == before
    run(project, local)
    assert identities(load(local)) == before
    assert len(files(load(local))) == 2

    grow_old(on_disk(load(local)))
    run(project, local)
    table = load(local)
    assert identities(table) == before
    used = {Path(path.removeprefix("file://")) for path in orphans._used(table)}
    assert on_disk(table) <= used


def test_expiry_keeps_the_checkpoint_ids_that_flink_looks_for(project: Project, local: Settings) -> None:
    for number in range(1, 4):
        append(project, local, number * 20, job_id="a", operator_id="o", max_committed_checkpoint_id=str(number))
    append(project, local, 80, job_id="a", operator_id="p", max_committed_checkpoint_id="2")
    append(project, local, 100, job_id="b", operator_id="o", max_committed_checkpoint_id="7")
    append(project, local, 120)
    before = identities(load(local))
    kept = load(local).snapshots()[1].snapshot_id
    load(local).manage_snapshots().create_tag(kept, "audit").commit()
    forget_at_once(local)
    report = run(project, local)
    after = load(local)
    assert report.expired.snapshots >= 4
    assert (flink_finds(after, "a"), flink_finds(after, "a", "p"), flink_finds(after, "b")) == (3, 2, 7)
    assert identities(after) == before
    assert len(identities(after, kept)) == 40
    assert iceberg.row_count(after) == 120
    append(project, local, 140, job_id="b", operator_id="o", max_committed_checkpoint_id="8")
    time.sleep(0.01)
    run(project, local)
    assert (flink_finds(load(local), "a"), flink_finds(load(local), "b")) == (3, 8)


def test_checkpoint_ids_of_a_replaced_incarnation_are_not_kept(project: Project, local: Settings) -> None:
    for number, job in enumerate("abc"):
        append(project, local, number * 20, job_id=job, operator_id="o", max_committed_checkpoint_id="1")
    append(project, local, 60)
    forget_at_once(local)
    steps = expire.plan(load(local).metadata, {"j": ["a", "b", "not yet"], "k": ["c"]}, datetime.now(UTC))
    assert [each.summary["flink.job-id"] for each in steps.carried if each.summary] == ["c", "b"]


def test_snapshots_are_kept_for_a_week_and_a_reader_can_finish_in_one(project: Project, local: Settings) -> None:
    for first in range(0, 60, 20):
        append(project, local, first)
    opened = load(local)
    paths = {Path(path.removeprefix("file://")) for path in files(opened)}
    report = run(project, local)
    assert (report.expired.snapshots, report.files_before, report.files_after) == (0, 3, 1)
    assert len(identities(opened)) == 60
    forget_at_once(local)
    report = run(project, local)
    assert report.expired.removed
    assert report.expired.removed.bytes > sum(len(str(each)) for each in paths)
    assert not any(each.exists() for each in paths)
    assert len(identities(load(local))) == 60


def test_only_old_files_that_nothing_refers_to_are_orphans(project: Project, local: Settings) -> None:
    append(project, local, 0)
    table = load(local)
    data = Path(table.location().removeprefix("file://")) / "data"
    old, young, unrelated = data / "old.parquet", data / "young.parquet", data.parent / "notes.txt"
    for each in (old, young, unrelated):
        each.write_bytes(b"12345")
    grow_old(on_disk(table) - {young})
    report = run(project, local, dry_run=True)
    assert (report.orphans.files, report.orphans.bytes, old.exists()) == (1, 5, True)
    assert run(project, local).orphans.files == 1
    assert [each.exists() for each in (old, young, unrelated)] == [False, True, True]
    assert len(identities(load(local))) == 20


def test_what_a_lost_job_has_yet_to_commit_is_not_an_orphan(project: Project, local: Settings) -> None:
    job, operator = "a" * 32, "b" * 32
    append(project, local, 0, job_id=job, operator_id=operator, max_committed_checkpoint_id="3")
    append(project, local, 20)
    table = load(local)
    root = Path(table.location().removeprefix("file://"))
    (entry, *_) = [
        entry
        for manifest in table.current_snapshot().manifests(table.io)  # type: ignore[union-attr]
        for entry in manifest.fetch_manifest_entry(table.io)
    ]
    files: dict[int, list[Path]] = {}
    for checkpoint in (3, 4):
        data, listing = (
            root / "data" / f"{checkpoint}.parquet",
            root / "metadata" / f"{job}-{operator}-00000-1-{checkpoint}-00002.avro",
        )
        data.write_bytes(b"12345")
        entry.data_file._data[1] = f"file:{data}"
        output = table.io.new_output(f"file://{listing}")
        with write_manifest(2, table.spec(), table.schema(), output, 1, "null") as writer:
            writer.add(entry)
        files[checkpoint] = [data, listing]
    cut_off = root / "metadata" / f"{job}-{operator}-00000-1-5-00002.avro"
    cut_off.touch()
    grow_old(on_disk(table))
    (report,) = maintain.maintain(project, local, [READINGS])
    assert (report.orphans.files, cut_off.exists()) == (3, False)
    assert [each.exists() for each in (*files[3], *files[4])] == [False, False, True, True]
    assert orphans.find(iceberg.connect(local), READINGS, {"j": [job, "next"]}, datetime.now(UTC)).files == ()


def test_the_command_reports_all_tables_as_text_and_json(
    project: Project, local: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for first in range(0, 60, 20):
        append(project, local, first)
    monkeypatch.setenv("HEADRACE_PROJECT", str(project.root))
    monkeypatch.setenv("HEADRACE_HOME", str(project.home))
    document = json.loads(CliRunner().invoke(app, ["maintain", "--dry-run", "--json"]).stdout)
    assert [(each["table"], each["dry_run"], len(each["rewritten"])) for each in document] == [
        (READINGS, True, 1),
        (TAGS, True, 0),
    ]
    shown = CliRunner().invoke(app, ["maintain", READINGS])
    assert shown.exit_code == 0
    assert f"{READINGS}: ts_day={CLOSED:%Y-%m-%d} sorted: 3 files" in shown.stdout
