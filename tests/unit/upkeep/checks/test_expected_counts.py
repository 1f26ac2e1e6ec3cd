"""expected_counts.sql.j2: what it must return, and what is reported otherwise."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from headrace.environment import settings
from headrace.errors import UserError
from headrace.project import job_folder
from headrace.project.paths import Project
from headrace.upkeep.checks import expected_counts

ROLLUP = "historian/rollup_1m_v1"
COUNTS = "select tag, date_trunc('minute', ts) as ts, count(*) as readings from readings group by all"


@pytest.fixture
def project(pytestconfig: pytest.Config, tmp_path: Path) -> Project:
    for part in ("sql", "catalogs"):
        shutil.copytree(pytestconfig.rootpath / part, tmp_path / part)
    with (tmp_path / "sql" / ROLLUP / "job.yaml").open("a") as job:
        job.write("params: {unit: minute}\n")
    return Project(tmp_path, tmp_path / "home")


def load(project: Project, sql: str, job: str = ROLLUP) -> expected_counts.ExpectedCounts | None:
    (project.sql / job / "expected_counts.sql.j2").write_text(sql)
    return loaded(project, job)


def loaded(project: Project, job: str) -> expected_counts.ExpectedCounts | None:
    return expected_counts.load(project, settings.load(project, "local"), job_folder.load(project, job))


def test_each_window_has_a_key_a_start_and_a_count(project: Project) -> None:
    counts = load(project, COUNTS.replace("'minute'", "{{ param('unit') }}"))
    assert counts
    assert (counts.key, counts.count) == ("tag", "readings")
    assert "date_trunc('minute', ts)" in counts.sql


def test_a_job_without_the_file_has_no_expected_counts(project: Project) -> None:
    (project.sql / ROLLUP / "expected_counts.sql.j2").unlink()
    assert loaded(project, ROLLUP) is None


@pytest.mark.parametrize(("old", "new"), [("account.sql", "expected_counts.sql.j2"), ("checks.sql", "checks.sql.j2")])
def test_an_old_file_name_is_reported_with_the_new_one(project: Project, old: str, new: str) -> None:
    (project.sql / ROLLUP / new).rename(project.sql / ROLLUP / old)
    with pytest.raises(UserError, match=rf"{old}:1: '{old}' is now '{new}'"):
        loaded(project, ROLLUP)


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("select tag, ts from readings", r"have the columns tag \(varchar\), ts \(timestamp with time zone\)"),
        (COUNTS.replace("as readings", "as mesurements"), r"mesurements \(bigint\)"),
        (COUNTS.replace("date_trunc('minute', ts)", "ts::date"), r"ts \(date\)"),
        (COUNTS.replace("select tag,", "select upper(tag) as name,"), r"name \(varchar\)"),
        (f"{COUNTS}; {COUNTS}", "the file has 2 SELECTs, not one"),
        ("drop table readings", "every statement here must be a SELECT"),
        ("select tga from readings", 'Referenced column "tga" not found'),
        ("select from where", "syntax error"),
    ],
)
def test_other_columns_and_statements_are_reported_at_their_line(project: Project, sql: str, what: str) -> None:
    with pytest.raises(UserError, match=what) as error:
        load(project, f"-- what it counts\n{sql}")
    assert "expected_counts.sql.j2:" in str(error.value)


def test_only_a_job_with_windows_has_expected_counts(project: Project) -> None:
    with pytest.raises(UserError, match="only a job with windows has expected counts"):
        load(project, COUNTS, "historian/readings_v1")
