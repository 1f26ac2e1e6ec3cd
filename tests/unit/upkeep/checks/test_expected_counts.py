"""account.sql: what it must give, and what is told of one that does not."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from headrace.errors import UserError
from headrace.project import job_folder
from headrace.project.paths import Project
from headrace.upkeep.checks import expected_counts

ROLLUP = "historian/rollup_1m_v1"
COUNTS = "select tag, date_trunc('minute', ts) as ts, count(*) as readings from readings group by all"


@pytest.fixture
def project(pytestconfig: pytest.Config, tmp_path: Path) -> Project:
    shutil.copytree(pytestconfig.rootpath / "sql", tmp_path / "sql")
    return Project(tmp_path, tmp_path / "home")


def load(project: Project, sql: str, job: str = ROLLUP) -> expected_counts.ExpectedCounts | None:
    (project.sql / job / "account.sql").write_text(sql)
    return expected_counts.load(project, job_folder.job_of(project, job))


def test_each_window_has_a_key_a_start_and_a_count(project: Project) -> None:
    found = load(project, COUNTS)
    assert found
    assert (found.key, found.count) == ("tag", "readings")


def test_a_job_without_the_file_has_no_account(project: Project) -> None:
    (project.sql / ROLLUP / "account.sql").unlink()
    assert expected_counts.load(project, job_folder.job_of(project, ROLLUP)) is None


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("select tag, ts from readings", r"gives tag \(varchar\), ts \(timestamp with time zone\)"),
        (COUNTS.replace("as readings", "as mesurements"), r"mesurements \(bigint\)"),
        (COUNTS.replace("date_trunc('minute', ts)", "ts::date"), r"ts \(date\)"),
        (COUNTS.replace("select tag,", "select upper(tag) as name,"), r"name \(varchar\)"),
        (f"{COUNTS}; {COUNTS}", "an account is one SELECT"),
        ("drop table readings", "is one SELECT"),
        ("select tga from readings", 'Referenced column "tga" not found'),
        ("select from where", "syntax error"),
    ],
)
def test_what_gives_anything_else_is_told_where(project: Project, sql: str, told: str) -> None:
    with pytest.raises(UserError, match=told) as error:
        load(project, f"-- what it counts\n{sql}")
    assert "account.sql:" in str(error.value)


def test_a_job_without_windows_has_none_to_account_for(project: Project) -> None:
    with pytest.raises(UserError, match="an account is of windows"):
        load(project, COUNTS, "historian/readings_v1")
