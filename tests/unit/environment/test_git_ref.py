"""The project at a git ref, and a job's SQL compared with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from headrace.authoring.render import statements
from headrace.environment import git_ref, settings
from headrace.environment.settings import Settings
from headrace.errors import PlatformError, UserError
from headrace.project import job_folder
from headrace.project.paths import Project
from support.git_repository import Repository, committed, git, laid_out, repository

__all__ = ["committed", "repository"]

JOB = "condition/overheat_v1"
YAML = f"sql/{JOB}/job.yaml"


def test_the_files_are_those_of_the_ref_and_the_working_tree_is_untouched(repository: Repository) -> None:
    repository.edit(YAML, "hot_limit: 100.0", "hot_limit: 120.0")
    repository.write("sql/_sources/other.yaml", "not there yet")
    with git_ref.at(repository.project, "HEAD") as then:
        assert job_folder.load(then, JOB).job.params == {"hot_limit": 100.0}
        assert not (then.sql / "_sources" / "other.yaml").exists()
        assert (then.root / "udfs" / "headrace_udfs" / "score.py").is_file()
        assert (then.root / "jobs" / "table_api").is_dir()
        folder = then.root
    assert not folder.exists()
    assert job_folder.load(repository.project, JOB).job.params == {"hot_limit": 120.0}


def test_a_project_that_is_a_folder_of_its_repository_is_found_from_within(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nested = laid_out(tmp_path, "plant/line")
    monkeypatch.chdir(nested.project.sql / "condition")
    with git_ref.at(Project.find(), "main") as then:
        assert job_folder.names(then) == job_folder.names(nested.project)


def test_a_branch_a_tag_and_an_earlier_commit_are_refs(repository: Repository) -> None:
    git(repository.project.root, "tag", "v1")
    repository.remove(f"sql/{JOB}")
    repository.commit()
    for ref, exists in {"v1": True, "HEAD~1": True, "main": False}.items():
        with git_ref.at(repository.project, ref) as then:
            assert (JOB in job_folder.names(then)) is exists


def test_before_the_project_existed_it_has_no_jobs(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--message", "nothing")
    (tmp_path / "sql").mkdir()
    with git_ref.at(Project(tmp_path, tmp_path), "HEAD") as then:
        assert job_folder.names(then) == []


@pytest.mark.parametrize("ref", ["nope", "origin/main", "--help", "-x", "HEAD:sql", ""])
def test_an_unknown_ref_is_the_users_mistake(repository: Repository, ref: str) -> None:
    with pytest.raises(UserError, match=rf"git knows no ref '{ref}'[\s\S]*git fetch origin main"):
        git_ref.commit_of(repository.project, ref)


def test_a_project_without_git_is_reported(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"not in a git repository[\s\S]*put the project under git"):
        git_ref.commit_of(Project(tmp_path, tmp_path), "HEAD")


def test_a_machine_without_git_is_reported(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(PlatformError, match="git is not on the PATH"):
        git_ref.commit_of(repository.project, "HEAD")


def test_a_fault_at_the_ref_has_its_place_as_git_writes_it(repository: Repository) -> None:
    repository.edit(YAML, "owner:", "ower:")
    repository.commit()
    with pytest.raises(UserError) as raised, git_ref.at(repository.project, "HEAD") as then:
        job_folder.load(then, JOB)
    assert f"HEAD:{YAML}:4:1" in [str(problem.where) for problem in raised.value.problems]


def test_a_jobs_sql_is_all_that_flink_gets_with_references_as_they_stand(repository: Repository) -> None:
    text = statements.text(statements.of_job(repository.project, loaded(repository), JOB))
    parts = ["CREATE CATALOG", "CREATE TEMPORARY TABLE `overheat_alerts__topic`", "`plant_readings__packs` (",
             "CREATE TEMPORARY VIEW `plant_readings`", "CREATE TEMPORARY VIEW `hot`",
             "INSERT INTO `headrace`.`condition`", "INSERT INTO `overheat_alerts__topic`",
             "INSERT INTO `headrace`.`historian`.`dead_letters`"]  # fmt: skip
    places = [text.index(part) for part in parts]
    assert places == sorted(places)
    assert "'${file:" in text
    assert text.endswith(";\n")


def test_columns_are_inserted_in_the_order_of_the_select(repository: Repository) -> None:
    repository.edit(f"sql/{JOB}/topic.overheat_alerts.sql.j2", "    tag,\n    ts,", "    ts,\n    tag,")
    text = statements.text(statements.of_job(repository.project, loaded(repository), JOB))
    assert "INTO `overheat_alerts__topic` (\n    `ts`,\n    `tag`,\n    `value`,\n    `hot_limit`\n)" in text


def test_columns_that_only_flink_can_determine_are_marked(repository: Repository) -> None:
    template = "select t.* from {{ view('hot') }}, lateral table(f(tag)) as t"
    repository.write(f"sql/{JOB}/topic.overheat_alerts.sql.j2", template)
    texts = statements.of_job(repository.project, loaded(repository), JOB)
    (marked,) = [place for place, text in enumerate(texts) if text.startswith("-- Only Flink can resolve")]
    assert template[:8] in texts[marked - 1]


def test_a_secret_in_the_settings_is_not_shown(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADRACE_KAFKA__SECURITY_PROTOCOL", "SASL_SSL")
    monkeypatch.setenv("HEADRACE_KAFKA__SASL_MECHANISMS", "PLAIN")
    monkeypatch.setenv("HEADRACE_KAFKA__SASL_PASSWORD", "hunter2")
    monkeypatch.setenv("HEADRACE_KAFKA__SASL_USERNAME", "line")
    monkeypatch.setenv("HEADRACE_KAFKA__SSL_KEY_PASSWORD", "${env:KEY}")
    text = statements.text(statements.of_job(repository.project, loaded(repository), JOB))
    assert "hunter2" not in text
    assert 'username="line" password="***"' in text
    assert "'properties.ssl.key.password' = '${env:KEY}'" in text


def test_a_jobs_sql_is_the_same_if_nothing_in_it_changed(repository: Repository) -> None:
    repository.edit(YAML, "owner: reliability-team", "owner: line-team")
    assert statements.difference(repository.project, "local", JOB, "HEAD") == ""


def test_the_diff_of_a_job_shows_what_changes_for_flink(repository: Repository) -> None:
    repository.edit(YAML, "hot_limit: 100.0", "hot_limit: 120.0")
    diff = statements.difference(repository.project, "local", JOB, "HEAD").splitlines()
    assert diff[:2] == [f"--- {JOB} at HEAD", f"+++ {JOB}"]
    assert [line for line in diff[2:] if line[0] in "+-"] == [
        "-    100.0E0 as hot_limit,",
        "+    120.0E0 as hot_limit,",
        "-where `value` > 100.0E0 and (`quality` < 1073741824);",
        "+where `value` > 120.0E0 and (`quality` < 1073741824);",
    ]


def test_the_diff_of_an_environment_is_that_of_its_variables(repository: Repository) -> None:
    repository.edit(f"sql/{JOB}/_hot.sql.j2", "param('hot_limit')", "var('hot')")
    repository.edit("catalogs/local.yaml", "catalog:", "vars: {hot: 90.0}\ncatalog:")
    repository.commit()
    repository.edit("catalogs/local.yaml", "hot: 90.0", "hot: 95.0")
    diff = statements.difference(repository.project, "local", JOB, "HEAD")
    assert "-    90.0E0 as hot_limit" in diff
    assert "+    95.0E0 as hot_limit" in diff


@pytest.mark.parametrize("gone", ["before", "after"])
def test_a_job_on_one_side_only_is_all_added_or_all_removed(repository: Repository, gone: str) -> None:
    if gone == "before":
        git(repository.project.root, "rm", "--quiet", "-r", "--cached", f"sql/{JOB}")
        git(repository.project.root, "commit", "--quiet", "--message", "without")
    else:
        repository.remove(f"sql/{JOB}")
    lines = statements.difference(repository.project, "local", JOB, "HEAD").splitlines()[3:]
    assert len(lines) > 100
    assert {line[0] for line in lines} == {"+" if gone == "before" else "-"}


def test_a_job_on_neither_side_is_reported_with_the_nearest(repository: Repository) -> None:
    with pytest.raises(UserError, match="did you mean 'condition/overheat_v1'"):
        statements.difference(repository.project, "local", "condition/overheat_v2", "HEAD")


def loaded(repository: Repository) -> Settings:
    return settings.load(repository.project, "local")
