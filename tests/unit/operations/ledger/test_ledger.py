"""The ledger of a catalog on this machine: what is written is read back, and one deployer at a time writes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.io.pyarrow import schema_to_pyarrow
from pyiceberg.manifest import DataFile
from pyiceberg.table import FileScanTask

from headrace.environment import iceberg, settings
from headrace.environment.apply import table_changes
from headrace.environment.settings import Settings
from headrace.errors import CheckFailed, PlatformError
from headrace.operations import ledger
from headrace.operations.ledger import DEPLOYMENTS, Entry, Ledger
from headrace.operations.ledger.lock import Lock
from headrace.operations.ledger.table import swap
from headrace.project.paths import Project
from support import ROOT


def entry(job: str, step: ledger.Step = "running", **values: str) -> Entry:
    return replace(
        Entry("d1", job, 1, step, "f" * 32, "r" * 64, "p" * 64, 2, "http://cluster", "someone@here"),
        **values,  # type: ignore[arg-type]
    )


@pytest.fixture
def known(tmp_path: Path) -> Settings:
    loaded = settings.load(Project(ROOT, tmp_path), "local")
    table_changes.apply(Project(ROOT, tmp_path), loaded, [DEPLOYMENTS])
    return loaded


def test_the_state_of_a_job_is_that_of_its_last_entry(known: Settings) -> None:
    with ledger.held(known) as (book, owner):
        book.write(entry("a/b_v1", "submitting"), owner)
        book.write(entry("a/c_v1"), owner)
        written = book.write(entry("a/b_v1", "stopped", savepoint="file:///s"), owner)
    assert written.entry == 3
    assert written.at
    assert (datetime.now(UTC) - written.at).total_seconds() < 60
    assert Ledger(known).last() == {"a/b_v1": written, "a/c_v1": Ledger(known).history("a/c_v1")[0]}
    assert [each.step for each in Ledger(known).history("a/b_v1")] == ["submitting", "stopped"]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The data files that pyiceberg opens."""
    paths: list[str] = []
    read = FileScanTask.__init__

    def task(self: FileScanTask, data_file: DataFile, *args: Any, **named: Any) -> None:
        paths.append(data_file.file_path)
        read(self, data_file, *args, **named)

    monkeypatch.setattr(FileScanTask, "__init__", task)
    return paths


def test_the_last_entries_are_read_without_the_others(known: Settings, opened: list[str]) -> None:
    with ledger.held(known) as (book, owner):
        for number in range(12):
            book.write(entry("a/b_v1" if number else "a/c_v1", message=str(number)), owner)
    opened.clear()
    assert {job: each.message for job, each in Ledger(known).last().items()} == {"a/c_v1": "0", "a/b_v1": "11"}
    assert len(opened) == 2


def test_entries_that_an_older_release_writes_are_among_the_last(known: Settings, opened: list[str]) -> None:
    with ledger.held(known) as (book, owner):
        book.write(entry("a/b_v1"), owner)
        book.write(entry("a/c_v1"), owner)
        write_as_older_release(known, entry("a/b_v1", "stopped"))
        write_as_older_release(known, entry("a/d_v1"))
        assert {job: each.entry for job, each in Ledger(known).last().items()} == {
            "a/c_v1": 2,
            "a/b_v1": 3,
            "a/d_v1": 4,
        }
        book.write(entry("a/c_v1", "stopped"), owner)
    opened.clear()
    assert {job: each.entry for job, each in Ledger(known).last().items()} == {"a/b_v1": 3, "a/d_v1": 4, "a/c_v1": 5}
    assert len(opened) == 3


def test_a_ledger_of_an_older_release_is_read_as_a_whole_once(known: Settings, opened: list[str]) -> None:
    for number in range(5):
        write_as_older_release(known, entry("a/b_v1", message=str(number)))
    assert {job: each.message for job, each in Ledger(known).last().items()} == {"a/b_v1": "4"}
    with ledger.held(known) as (book, owner):
        book.write(entry("a/c_v1"), owner)
    opened.clear()
    assert Ledger(known).last().keys() == {"a/b_v1", "a/c_v1"}
    assert len(opened) == 2


def write_as_older_release(known: Settings, row: Entry) -> None:
    table = iceberg.load_table(iceberg.connect(known), DEPLOYMENTS)
    row = replace(row, entry=iceberg.row_count(table) + 1, at=datetime.now(UTC))
    table.append(pa.Table.from_pylist([asdict(row)], schema_to_pyarrow(table.schema(), include_field_ids=False)))


def test_histories_have_all_entries_of_all_jobs_without_their_plans(known: Settings) -> None:
    with ledger.held(known) as (book, owner):
        written = [book.write(entry(job, plan="{}"), owner) for job in ("a/b_v1", "a/c_v1", "a/b_v1")]
    first, other, second = (replace(each, plan=None) for each in written)
    assert Ledger(known).histories() == {"a/b_v1": [first, second], "a/c_v1": [other]}


def test_a_missing_ledger_has_no_entries(tmp_path: Path) -> None:
    project = Project(ROOT, tmp_path)
    loaded = settings.load(project, "local")
    table_changes.apply(project, loaded, ["historian.tags"])
    assert Ledger(loaded).last() == {}


def test_a_second_deployer_is_refused_while_the_first_is_at_work(known: Settings) -> None:
    with ledger.held(known), pytest.raises(CheckFailed, match=f"process {os.getpid()} on"), ledger.held(known):
        pass
    with ledger.held(known):
        pass


def test_a_second_deployer_waits_up_to_its_limit(known: Settings) -> None:
    messages: list[str] = []
    with ledger.held(known) as (book, owner), ThreadPoolExecutor(1) as pool:

        def second() -> None:
            with ledger.held(known, 30, messages.append):
                pass

        waiting = pool.submit(second)
        while not messages:
            assert not waiting.done()
        book.give_back(owner)
        waiting.result(30)
    assert "another deployer is at work" in messages[0]


def test_one_of_several_simultaneous_deployers_gets_the_lock(known: Settings) -> None:
    def take(_n: int) -> str | None:
        try:
            return Ledger(known).take()
        except CheckFailed:
            return None

    with ThreadPoolExecutor(6) as pool:
        owners = [owner for owner in pool.map(take, range(6)) if owner]
    assert len(owners) == 1


def test_a_lock_is_not_taken_because_of_an_outdated_read(known: Settings) -> None:
    seen_free = iceberg.load_table(iceberg.connect(known), DEPLOYMENTS)
    owner = Ledger(known).take()
    with pytest.raises(CommitFailedException):
        swap(seen_free, Lock.mine().to_properties())
    Ledger(known).renew(owner)


def test_the_lock_of_a_process_that_was_killed_is_free(known: Settings) -> None:
    program = (
        "import os, signal, sys; from headrace.operations.ledger import Ledger;"
        "from headrace.environment.settings import Settings;"
        "Ledger(Settings.model_validate_json(sys.argv[1])).take(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", program, known.model_dump_json()], check=False, timeout=60)
    assert done.returncode == -9
    assert Ledger(known).lock()
    with ledger.held(known):
        pass


def in_the_hands_of(known: Settings, lock: Lock) -> None:
    table = iceberg.load_table(iceberg.connect(known), DEPLOYMENTS)
    with table.transaction() as transaction:
        transaction.set_properties(lock.to_properties())


@pytest.mark.parametrize(("lease_s", "refused"), [(30, True), (-1, False)])
def test_the_lock_of_another_host_is_free_once_its_lease_has_ended(
    known: Settings, lease_s: float, refused: bool
) -> None:
    in_the_hands_of(known, replace(Lock.mine(), host="elsewhere", until=datetime.now(UTC).timestamp() + lease_s))
    take: Callable[[], str] = Ledger(known).take
    if refused:
        with pytest.raises(CheckFailed, match="elsewhere"):
            take()
    else:
        take()


def test_a_deployer_that_has_lost_the_lock_cannot_write(known: Settings) -> None:
    book = Ledger(known)
    first = book.take()
    book.write(entry("a/b_v1"), first)
    in_the_hands_of(known, replace(Lock.mine(first), until=0))
    second = book.take()
    with pytest.raises(PlatformError, match="another deployer has taken over"):
        book.write(entry("a/b_v1", "stopped"), first)
    with pytest.raises(PlatformError, match="another deployer has taken over"):
        book.renew(first)
    book.give_back(first)
    book.renew(second)
    assert [each.step for each in book.history("a/b_v1")] == ["running"]


def test_the_lock_outlives_what_tables_apply_does(known: Settings, tmp_path: Path) -> None:
    with ledger.held(known) as (book, owner):
        (done,) = table_changes.apply(Project(ROOT, tmp_path), known, [DEPLOYMENTS])
        assert done.action == "unchanged"
        book.renew(owner)
