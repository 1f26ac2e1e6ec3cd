"""The savepoint or checkpoint that a job continues from, found in the cluster's folders."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.environment import settings
from headrace.environment.apply import table_changes
from headrace.errors import CheckFailed, PlatformError
from headrace.operations import ledger
from headrace.operations.ledger import DEPLOYMENTS, Entry, Ledger
from headrace.operations.lifecycle import commits, restore_points
from headrace.operations.lifecycle.job_cluster import JobCluster
from headrace.operations.lifecycle.operation_context import OperationContext
from headrace.project import table_files
from headrace.project.paths import Project
from support import ROOT

FIRST, SECOND = "a" * 32, "b" * 32


class Folders:
    """A cluster that only knows where its checkpoints and savepoints are."""

    rest = "http://cluster"

    def __init__(self, root: Path) -> None:
        self.root = root

    def setting(self, key: str) -> str:
        return (self.root / key.rsplit(".", 1)[-1]).as_uri()


@pytest.fixture
def context(tmp_path: Path) -> OperationContext:
    project = Project(ROOT, tmp_path)
    known = settings.load(project, "local")
    table_changes.apply(project, known, [DEPLOYMENTS])
    return OperationContext(project, known, cast(JobCluster, Folders(tmp_path)), Ledger(known), "", "", print)


def entry(job_id: str, step: ledger.Step, savepoint: str | None = None) -> Entry:
    return Entry("d", "a/b_v1", 1, step, job_id, "r", "f", 1, "http://cluster", "me", savepoint=savepoint)


def lay(folder: Path, checkpoint_id: int, magic: int = 0x4960672D) -> str:
    """A savepoint's or checkpoint's metadata, as far as it is read."""
    folder.mkdir(parents=True)
    (folder / "_metadata").write_bytes(struct.pack(">IiQ", magic, 6, checkpoint_id) + b"more")
    return folder.as_uri()


def test_the_newest_state_is_the_last_one_of_the_last_incarnation_that_has_any(
    context: OperationContext, tmp_path: Path
) -> None:
    history = [entry(FIRST, "running"), entry(SECOND, "running"), entry("c" * 32, "submitting")]
    assert restore_points.newest(context, history) is None
    lay(tmp_path / "dir" / FIRST / "chk-90", 90)
    lay(tmp_path / "dir" / SECOND / "chk-9", 9)
    newest = lay(tmp_path / "dir" / SECOND / "chk-10", 10)
    (tmp_path / "dir" / SECOND / "chk-11").mkdir()
    assert restore_points.newest(context, history) == restore_points.RestorePoint("checkpoint", newest, SECOND, 10)
    savepoint = lay(tmp_path / "savepoint-dir" / f"savepoint-{SECOND[:6]}-x1", 12)
    assert restore_points.newest(context, history) == restore_points.RestorePoint("savepoint", savepoint, SECOND, 12)


def test_a_savepoint_in_another_folder_is_found_in_the_ledger(context: OperationContext, tmp_path: Path) -> None:
    path = lay(tmp_path / "elsewhere" / "s1", 4)
    history = [entry(FIRST, "running"), entry(FIRST, "stopped", path.replace("file:///", "file:/"))]
    newest = restore_points.newest(context, history)
    assert newest
    assert (newest.kind, newest.checkpoint_id) == ("savepoint", 4)
    assert restore_points.at(context, path + "/", history) == newest


def test_no_job_continues_from_the_state_of_a_bounded_incarnation(context: OperationContext, tmp_path: Path) -> None:
    before = lay(tmp_path / "savepoint-dir" / f"savepoint-{FIRST[:6]}-x1", 4)
    bounded = lay(tmp_path / "dir" / SECOND / "chk-9", 9)
    history = [entry(FIRST, "running"), entry(FIRST, "stopped", before), entry(SECOND, "bounded")]
    assert restore_points.newest(context, history) == restore_points.RestorePoint("savepoint", before, FIRST, 4)
    assert restore_points.at(context, bounded, [*history, entry(SECOND, "stopped", bounded)]) is None


def test_what_is_not_a_savepoint_is_an_error(context: OperationContext, tmp_path: Path) -> None:
    lay(tmp_path / "dir" / FIRST / "chk-1", 1, magic=7)
    with pytest.raises(PlatformError, match="not a valid Flink savepoint"):
        restore_points.newest(context, [entry(FIRST, "running")])


def test_an_older_state_is_refused_and_the_newer_one_named(context: OperationContext, tmp_path: Path) -> None:
    lay(tmp_path / "dir" / FIRST / "chk-1", 1)
    newer = lay(tmp_path / "dir" / FIRST / "chk-2", 2)
    history = [entry(FIRST, "running")]
    old, new = sorted(restore_points.all_of(context, FIRST, history), key=lambda each: each.checkpoint_id)
    with pytest.raises(CheckFailed, match="come twice") as caught:
        commits.refuse_later(context, history, old)
    assert caught.value.problems[0].where == newer
    commits.refuse_later(context, history, new)


@given(st.lists(st.sampled_from("abcde")))
def test_each_incarnation_is_listed_once_in_order(letters: list[str]) -> None:
    ids = restore_points.incarnations([entry(letter, "running") for letter in letters])
    assert sorted(ids) == sorted(set(letters))
    assert [letters.index(each) for each in ids] == sorted(letters.index(each) for each in ids)


def test_an_entry_has_the_columns_of_its_table(context: OperationContext) -> None:
    columns = table_files.load_all(context.project)[DEPLOYMENTS].columns
    assert set(columns) == set(vars(replace(entry(FIRST, "running"))))
