"""A catalog that does not exist is reported by every command but the ones that create it, and nothing is created."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

import headrace
from headrace.authoring.try_job.run import _check as check_tables
from headrace.environment import catalog_database, iceberg, settings, warehouse
from headrace.environment.apply import table_changes
from headrace.environment.settings import Settings
from headrace.errors import PlatformError
from headrace.historian import Historian
from headrace.operations import catalog_check, ledger
from headrace.operations.lifecycle import operation_context
from headrace.project import job_folder
from headrace.project.paths import Project
from headrace.upkeep import completeness, reconcile
from headrace.upkeep.maintain import maintain
from support import ROOT

JOB = "historian/readings_v1"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(ROOT, tmp_path)


@pytest.fixture
def known(project: Project) -> Settings:
    return settings.load(project, "local")


def path_of(known: Settings) -> Path:
    return Path(known.catalog.address)


def enter(manager: Any) -> None:
    with manager:
        pass


USES: dict[str, Callable[[Project, Settings], Any]] = {
    "a query": lambda _, known: enter(warehouse.open(known)),
    "the historian": lambda _, known: Historian.open(known),
    "the ledger": lambda _, known: ledger.Ledger(known),
    "a deployment": lambda project, known: enter(operation_context.locked(project, known)),
    "tables plan": table_changes.plan,
    "maintain": lambda project, known: list(maintain(project, known)),
    "completeness": completeness.refresh,
    "reconcile": lambda project, known: reconcile.reconcile(project, known, JOB),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_an_sqlite_catalog(project: Project, known: Settings, use: Callable[[Project, Settings], Any]) -> None:
    with pytest.raises(PlatformError) as caught:
        use(project, known)
    (problem,) = caught.value.problems
    assert (problem.what, problem.where) == (
        "there is no catalog: the file does not exist",
        known.catalog.address,
    )
    assert "headrace tables apply" in (problem.fix or "")
    assert not path_of(known).parent.exists()


def test_a_check_of_the_catalog_creates_no_folder(project: Project, known: Settings) -> None:
    first, second, *others = catalog_check.check(project, known)
    assert [first.outcome, second.outcome] == ["fails", "fails"]
    assert {part.outcome for part in others} == {"skipped"}
    assert not path_of(known).parent.exists()


def test_the_front_door_of_python(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HEADRACE_CATALOG__PATH", str(tmp_path / "mistyped" / "catalog.db"))
    with pytest.raises(PlatformError, match="there is no catalog"):
        headrace.open("local").tags()
    assert not (tmp_path / "mistyped").exists()


def test_a_database_of_something_else_stays_as_it_is(known: Settings) -> None:
    path_of(known).parent.mkdir(parents=True)
    path_of(known).touch()
    with pytest.raises(PlatformError, match="the database has no tables of Iceberg"):
        iceberg.connect(known)
    assert path_of(known).stat().st_size == 0


def test_a_mistyped_name_is_not_an_empty_catalog(project: Project, known: Settings) -> None:
    table_changes.apply(project, known, ["historian.tags"])
    mistyped = known.model_copy(update={"catalog": known.catalog.model_copy(update={"name": "headraec"})})
    with pytest.raises(PlatformError, match="no catalog 'headraec' in this database: it has headrace"):
        iceberg.connect(mistyped)
    assert iceberg.table_names(iceberg.connect(known)) == ["historian.tags"]


def test_a_catalog_is_created_by_applying_tables_and_then_used(project: Project, known: Settings) -> None:
    table_changes.apply(project, known, ["historian.tags"])
    assert table_changes.plan(project, known, ["historian.tags"])[0].action == "unchanged"


def test_a_warehouse_that_cannot_be_written_is_reported_with_a_fix(project: Project, known: Settings) -> None:
    nowhere = known.catalog.model_copy(update={"warehouse": "file:///proc/nowhere"})
    with pytest.raises(PlatformError) as caught:
        table_changes.apply(project, known.model_copy(update={"catalog": nowhere}), ["historian.tags"])
    assert "headrace catalog check" in (caught.value.problems[0].fix or "")


def test_a_locked_catalog_is_reported_with_its_address_and_a_fix(
    project: Project, known: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    table_changes.apply(project, known, ["historian.tags"])
    monkeypatch.setattr(catalog_database, "LOCK_LIMIT_S", 0.1)
    with sqlite3.connect(path_of(known), isolation_level=None) as holder:
        holder.execute("begin exclusive")
        with pytest.raises(PlatformError, match="database is locked") as caught:
            iceberg.connect(known)
        holder.execute("rollback")
    assert caught.value.problems[0].where == known.catalog.address
    assert "close the program that holds" in (caught.value.problems[0].fix or "")


def test_a_database_that_does_not_answer_is_reported_without_the_name_of_a_class() -> None:
    error = OperationalError("select 1", {}, sqlite3.OperationalError("connection refused"))
    with pytest.raises(PlatformError) as raised, iceberg.errors_reported("the catalog cannot be opened"):
        raise error
    assert raised.value.problems[0].what == "the catalog cannot be opened: connection refused"


def test_a_job_that_reads_no_catalog_can_be_tried_before_there_is_one(project: Project, known: Settings) -> None:
    check_tables(known, job_folder.load(project, "condition/overheat_v1"))
    with pytest.raises(PlatformError, match="there is no catalog"):
        check_tables(known, job_folder.load(project, JOB))
