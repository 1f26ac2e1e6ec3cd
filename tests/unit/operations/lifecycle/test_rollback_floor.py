"""What keeps an older release from running is reported before a job is stopped for it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest

from headrace.environment import settings
from headrace.environment.apply import table_changes
from headrace.environment.settings import Settings
from headrace.errors import PlatformError, UserError
from headrace.operations.ledger import Entry, Ledger
from headrace.operations.lifecycle import rollback_floor
from headrace.operations.lifecycle.job_cluster import JobCluster
from headrace.operations.lifecycle.operation_context import OperationContext
from headrace.planner import release as releases
from headrace.project.paths import Project
from support import ROOT, old_release
from support.worlds.live_plant import JOB

ENGINE = """
from pydantic import BaseModel, ConfigDict
ORDER_VERSION = {version}
class Settings(BaseModel):
    model_config = ConfigDict(extra="forbid")
    catalog: dict
    kafka: dict
    flink: dict
def table_faults(order):
    return {faults!r}
"""


class Later(Settings):
    """Settings with one that older releases do not know."""

    certificates: str | None = None


class Context(OperationContext):
    """A context whose older release is the folder of its digest below the project's home."""

    @property
    def release(self) -> str:
        return "f" * 64

    def unpacked(self, digest: str) -> Path:
        return self.project.home / digest


def context(home: Path, **later: str) -> Context:
    """An environment whose tables are as this tree's files say, with the settings `later` on top."""
    project = Project(ROOT, home)
    known = settings.load(project, "local")
    table_changes.apply(project, known)
    known = Later.model_validate({**known.model_dump(), **later})
    return Context(project, known, cast(JobCluster, None), Ledger(known), "", "", print)


def entry(release: str) -> Entry:
    at = datetime(2026, 5, 9, tzinfo=UTC)
    return Entry("d", JOB, 1, "running", "a" * 32, release, "f", 1, "http://cluster", "me", at=at)


def engine(home: Path, *, version: int = 1, faults: tuple[str, ...] = ()) -> Entry:
    """Lay a release out whose engine reads orders of the version; returns an entry of it."""
    folder = home / "made" / "jobs" / "headrace" / "lifecycle"
    folder.mkdir(parents=True)
    for package in (folder, folder.parent):
        (package / "__init__.py").touch()
    (folder / "again.py").write_text(ENGINE.format(version=version, faults=[*faults]))
    return entry("made")


def test_a_release_that_knows_all_settings_and_tables_passes(tmp_path: Path) -> None:
    rollback_floor.refuse_unreadable(context(tmp_path), engine(tmp_path))
    rollback_floor.refuse_unreadable(context(tmp_path, certificates="ca.pem"), entry("f" * 64))


def test_a_setting_that_a_release_does_not_know_is_named_with_the_fix(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        rollback_floor.refuse_unreadable(context(tmp_path, certificates="ca.pem"), engine(tmp_path))
    assert str(caught.value) == (
        "the environment's file in catalogs/: release made of 2026-05-09 does not know the setting certificates\n"
        "  fix: remove the setting while that release runs, or keep it and undo the change in the job's files, then: "
        f"headrace upgrade {JOB}"
    )


def test_a_release_below_the_floor_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollback_floor, "OLDEST_ORDER_VERSION", 2)
    with pytest.raises(UserError, match="reads orders of version 1, and this engine writes none below version 2"):
        rollback_floor.refuse_unreadable(context(tmp_path), engine(tmp_path))


def test_a_table_that_a_release_cannot_write_is_named(tmp_path: Path) -> None:
    faults = ("historian.readings: it has no column value",)
    with pytest.raises(UserError, match=r"cannot write historian\.readings: it has no column value"):
        rollback_floor.refuse_unreadable(context(tmp_path), engine(tmp_path, faults=faults))


def test_a_release_whose_engine_does_not_start_is_refused(tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    with pytest.raises(PlatformError, match="the engine of release gone"):
        rollback_floor.refuse_unreadable(context(tmp_path), entry("gone"))


def test_the_release_of_49e4b02_reads_what_it_must(tmp_path: Path) -> None:
    old = entry("49e4b02")
    old_release.unpack(tmp_path / old.release)
    with pytest.raises(UserError, match=r"release 49e4b02 of .* does not know the setting certificates"):
        rollback_floor.refuse_unreadable(context(tmp_path, certificates="ca.pem"), old)
    here = context(tmp_path)
    tables = [each.action for each in table_changes.plan(here.project, here.settings)]
    rollback_floor.refuse_unreadable(here, old, prepare=True)
    described = [each.action for each in table_changes.plan(here.project, here.settings)]
    assert ({*tables}, {*described}) == ({"unchanged"}, {"unchanged", "change"})


def test_this_release_reads_what_it_must(tmp_path: Path) -> None:
    new = entry("this")
    here = context(tmp_path)
    packed = releases.pack(here.project)
    releases.store(here.ledger.io, here.store, packed)
    root = releases.unpack(here.ledger.io, here.store, packed.digest, tmp_path / "laid")
    root.rename(tmp_path / new.release)
    rollback_floor.refuse_unreadable(here, new)
    with pytest.raises(UserError, match="does not know the setting certificates"):
        rollback_floor.refuse_unreadable(context(tmp_path, certificates="ca.pem"), new)
