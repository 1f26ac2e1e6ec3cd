"""What keeps an older release from running is reported before a job is stopped for it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest
from pyiceberg.types import BooleanType, DoubleType, LongType, StringType

from headrace.environment import iceberg, settings
from headrace.environment.apply import table_changes
from headrace.environment.settings import Settings
from headrace.errors import PlatformError, UserError
from headrace.operations.ledger import DEPLOYMENTS, Entry, Ledger
from headrace.operations.lifecycle import release_process, rollback_floor
from headrace.operations.lifecycle.job_cluster import JobCluster
from headrace.operations.lifecycle.operation_context import OperationContext
from headrace.planner import release as releases
from headrace.project.paths import Project
from headrace.project.system_tables import DEAD_LETTERS
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
    assert "certificates" not in order["settings"]
    return {faults!r}
def check(order):
    assert order["restore"] is not None
    if {planned!r}:
        from headrace.errors import HeadraceError
        raise HeadraceError({planned!r})
    return ["historian.readings"]
def main():
    import json, sys
    Settings.model_validate(json.load(sys.stdin)["settings"])
"""
ERRORS = """
class Problem:
    def __init__(self, what):
        self.what = what
    def to_json(self):
        return {"what": self.what, "where": "sql/x.sql.j2:3", "fix": None}
class HeadraceError(Exception):
    def __init__(self, what):
        self.problems = [Problem(what)]
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
    table_changes.apply(project, known, [DEPLOYMENTS, DEAD_LETTERS, "historian.readings"])
    known = Later.model_validate({**known.model_dump(), "flink": {"rest": "http://cluster"}, **later})
    return Context(project, known, cast(JobCluster, None), Ledger(known), "", "", print)


def entry(release: str) -> Entry:
    at = datetime(2026, 5, 9, tzinfo=UTC)
    return Entry("d", JOB, 1, "running", "a" * 32, release, "f", 1, "http://cluster", "me", at=at)


def engine(home: Path, *, version: int = 1, faults: tuple[str, ...] = (), planned: str = "") -> Entry:
    """Lay a release out whose engine reads orders of the version, with a fault that it finds if it plans the job."""
    folder = home / "made" / "jobs" / "headrace" / "lifecycle"
    folder.mkdir(parents=True)
    for package in (folder, folder.parent):
        (package / "__init__.py").touch()
    (folder / "again.py").write_text(ENGINE.format(version=version, faults=[*faults], planned=planned))
    (folder.parent / "errors.py").write_text(ERRORS)
    return entry("made")


def test_a_release_that_knows_all_settings_and_tables_passes(tmp_path: Path) -> None:
    assert rollback_floor.refuse_unreadable(context(tmp_path), engine(tmp_path)) == ["historian.readings"]


def test_a_setting_that_a_release_does_not_know_is_named_with_the_fix(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        rollback_floor.refuse_unreadable(context(tmp_path, certificates="ca.pem"), engine(tmp_path))
    assert str(caught.value) == (
        "the environment's file in catalogs/: release made of 2026-05-09 does not know the setting certificates\n"
        "  fix: remove the setting while that release runs, or keep it and undo the change in the job's files, then: "
        f"headrace upgrade {JOB}"
    )


def test_the_way_back_to_a_release_leaves_out_settings_that_it_does_not_know(tmp_path: Path) -> None:
    here, made = context(tmp_path, certificates="ca.pem"), engine(tmp_path)
    assert rollback_floor.without_way_back(here, made) is None
    rollback_floor.refuse_unstartable(here, made)
    release_process.launch(here, made)


def test_what_closes_the_way_back_is_found_beforehand(tmp_path: Path) -> None:
    here = context(tmp_path)
    assert rollback_floor.without_way_back(here, None) is None
    assert rollback_floor.without_way_back(here, entry("f" * 64)) is None
    made = engine(tmp_path, faults=("historian.readings: it has no column value",))
    assert rollback_floor.without_way_back(here, made) == (
        "there is no way back if it does not come up: release made of 2026-05-09 cannot write historian.readings: it "
        "has no column value"
    )
    (tmp_path / "gone").mkdir()
    assert "the engine of release gone does not start" in str(rollback_floor.without_way_back(here, entry("gone")))


def test_what_a_release_finds_while_it_plans_the_job_is_reported(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"sql/x\.sql\.j2:3: release made of .* cannot be planned today: no topic"):
        rollback_floor.refuse_unreadable(context(tmp_path), engine(tmp_path, planned="no topic"))


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
    here = context(tmp_path, certificates="ca.pem")
    with pytest.raises(UserError, match=r"cannot write historian\.readings: it has no column score"):
        rollback_floor.refuse_unstartable(here, old)
    add_scores(here)
    rollback_floor.refuse_unstartable(here, old)


def test_this_release_reads_what_it_must(tmp_path: Path) -> None:
    new = this_release(context(tmp_path))
    rollback_floor.refuse_unstartable(context(tmp_path, certificates="ca.pem"), new)
    with pytest.raises(UserError, match="does not know the setting certificates"):
        rollback_floor.refuse_unreadable(context(tmp_path, certificates="ca.pem"), new)


@pytest.mark.parametrize("release", ["49e4b02", "this"])
def test_columns_that_a_table_has_in_addition_fit_an_older_release_unless_they_are_required(
    tmp_path: Path, release: str
) -> None:
    here = context(tmp_path)
    if release == "this":
        old = this_release(here)
    else:
        old = entry(release)
        old_release.unpack(tmp_path / release)
        add_scores(here)
    table = iceberg.load_table(iceberg.connect(here.settings), "historian.readings")
    with table.update_schema() as schema:
        schema.add_column("line", StringType())
        schema.add_column("shift", LongType())
        schema.move_first("shift")
        schema.update_column("src_partition", LongType())
    rollback_floor.refuse_unstartable(here, old)
    with table.update_schema(allow_incompatible_changes=True) as schema:
        schema.delete_column("text")
        schema.add_column("line_id", StringType(), required=True, default_value="x")
    with pytest.raises(UserError) as caught:
        rollback_floor.refuse_unstartable(here, old)
    assert [problem.what.partition("historian.readings: ")[2] for problem in caught.value.problems] == [
        "it has no column text",
        "its column line_id is required",
    ]


def add_scores(here: Context) -> None:
    """Give the readings the columns of the step `score`, as a plant has them in which jobs with it ran."""
    with iceberg.load_table(iceberg.connect(here.settings), "historian.readings").update_schema() as schema:
        schema.add_column("score", DoubleType())
        schema.add_column("anomaly", BooleanType())


def this_release(here: Context) -> Entry:
    """Lay the release of this tree out; returns an entry of it."""
    packed = releases.pack(here.project)
    releases.store(here.ledger.io, here.store, packed)
    root = releases.unpack(here.ledger.io, here.store, packed.digest, here.project.home / "laid")
    root.rename(here.project.home / "this")
    return entry("this")
