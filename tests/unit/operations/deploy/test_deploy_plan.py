"""What should run, and what forbids it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from headrace.cli.markdown import deploy_comment
from headrace.environment import settings
from headrace.errors import CheckFailed, HeadraceError, PlatformError, UserError
from headrace.operations import deploy
from headrace.operations.deploy.plan import Action, desired_jobs
from headrace.operations.lifecycle.fingerprint import fingerprint
from headrace.operations.lifecycle.table_ownership import refuse_shared_tables
from headrace.planner import release
from headrace.project.paths import Project
from support import ROOT

READINGS = "historian/readings_v1"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    for part in ("sql", "catalogs", "jobs/table_api"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    return Project(tmp_path, tmp_path / "home")


@pytest.mark.parametrize(
    ("patterns", "jobs"),
    [
        (
            ["historian/*"],
            [f"historian/{job}_v1" for job in ("readings", "rollup_1h", "rollup_1m", "twin")],
        ),
        (["condition/spikes_v1", READINGS], ["condition/spikes_v1", READINGS]),
        (["historian/rollup_1?_v1"], ["historian/rollup_1h_v1", "historian/rollup_1m_v1"]),
        ([], []),
    ],
)
def test_the_environment_names_jobs_and_patterns(project: Project, patterns: list[str], jobs: list[str]) -> None:
    known = settings.load(project, "local").model_copy(update={"deploy": patterns})
    assert desired_jobs(project, known) == jobs


def test_every_name_that_matches_no_job_is_reported(project: Project) -> None:
    known = settings.load(project, "local")
    known = known.model_copy(update={"deploy": ["historian/*", "nothing/*"], "slots": {"no/such_v1": 2}})
    with pytest.raises(UserError) as caught:
        desired_jobs(project, known)
    assert [problem.what for problem in caught.value.problems] == [
        "there is no job 'nothing/*'",
        "there is no job 'no/such_v1'",
    ]


def test_a_bracket_of_a_pattern_stands_for_itself_as_in_a_pattern_of_tags(project: Project) -> None:
    known = settings.load(project, "local").model_copy(update={"deploy": ["historian/rollup_1[hm]_v1"]})
    with pytest.raises(UserError, match=r"there is no job 'historian/rollup_1\[hm\]_v1'"):
        desired_jobs(project, known)
    assert not known.deploys("historian/rollup_1m_v1")


def test_slots_are_those_of_a_name_and_not_of_a_pattern(project: Project) -> None:
    known = settings.load(project, "local").model_copy(update={"slots": {"historian/*": 2}})
    with pytest.raises(UserError, match=r"slots: of the environment: there is no job 'historian/\*'"):
        desired_jobs(project, known)


def test_two_jobs_that_append_to_one_table_are_both_named(project: Project) -> None:
    shutil.copytree(project.sql / READINGS, project.sql / "historian" / "readings_v2")
    job = project.sql / "historian" / "readings_v2" / "job.yaml"
    job.write_text(job.read_text().replace("readings_v1", "readings_v2"))
    refuse_shared_tables(project, [READINGS, "condition/overheat_v1"])
    with pytest.raises(UserError, match=r"readings_v1 and historian/readings_v2 both append to historian\.readings"):
        refuse_shared_tables(project, [READINGS, "historian/readings_v2"])


def test_two_score_jobs_append_to_one_table_if_their_models_differ(project: Project) -> None:
    """Each row says which version it is of. Another kind of job could not tell its rows from theirs."""
    scores, other = "condition/scores_v1", "condition/candidate_v1"
    shutil.copytree(project.sql / scores, project.sql / other)
    job = project.sql / other / "job.yaml"
    same = job.read_text().replace("scores_v1", "candidate_v1")
    job.write_text(same)
    with pytest.raises(
        UserError, match=r"scores_v1 and condition/candidate_v1 both append to condition\.scores"
    ) as error:
        refuse_shared_tables(project, [scores, other])
    assert len(error.value.problems) == 2, "the table of scores and the topic of alerts"
    assert "another version of the model than turbines@1" in str(error.value.problems[0].fix)
    job.write_text(same.replace("turbines@1", "turbines@2"))
    refuse_shared_tables(project, [scores, other])
    job.write_text("""
kind: table_api
name: condition/candidate_v1
owner: o
description: d
grain: g
module: score
reads: [source/plant_readings]
writes: {table/condition.scores: append}
""")
    with pytest.raises(UserError, match=r"both append to condition\.scores"):
        refuse_shared_tables(project, [scores, other])


def test_the_jobs_of_this_project_can_be_deployed_together(project: Project) -> None:
    refuse_shared_tables(project, desired_jobs(project, settings.load(project, "local")))


@pytest.mark.parametrize(
    ("errors", "raised"),
    [
        ([CheckFailed("a")], CheckFailed),
        ([CheckFailed("a"), UserError("b")], UserError),
        ([UserError("a"), PlatformError("b"), CheckFailed("c")], PlatformError),
    ],
)
def test_all_problems_of_a_deployment_are_raised_with_the_highest_exit_code(
    errors: list[HeadraceError], raised: type[HeadraceError]
) -> None:
    actions = [Action(f"a/b_v{n}", "create", "", error=error) for n, error in enumerate(errors, 1)]
    with pytest.raises(raised) as caught:
        deploy.validate(actions)
    assert type(caught.value) is raised
    assert [p.what for p in caught.value.problems] == [e.problems[0].what for e in errors]


def test_a_deployment_as_markdown_is_a_table_with_its_problems_below() -> None:
    actions = [
        Action("a/b_v1", "leave alone", "it runs as its files say"),
        Action("a/c_v1", "create", "it cannot be deployed", error=UserError("a | b", "x.yaml:1:2", "mend it")),
    ]
    assert deploy_comment("ci", actions, []) == (
        "### headrace deploy: ci\n"
        "\n"
        "| job | action | verdict | why | now |\n"
        "| --- | --- | --- | --- | --- |\n"
        "| `a/b_v1` | leave alone |  | it runs as its files say |  |\n"
        "| `a/c_v1` | create | refused | it cannot be deployed |  |\n"
        "\n"
        "- x.yaml:1:2: a \\| b fix: mend it\n"
    )


@pytest.mark.parametrize(
    ("file", "before", "after", "same"),
    [
        ("sql/historian/readings_v1/historian.readings.sql.j2", "    asset,", "    upper(asset) as asset,", False),
        ("sql/_sources/plant_readings.yaml", "topic: plant.readings", "topic: plant.other", False),
        ("sql/_tables/historian.readings.yaml", "type: double", "type: float", False),
        ("catalogs/local.yaml", "parallelism: 2", "parallelism: 3", False),
        ("sql/historian/readings_v1/job.yaml", "description: ", "description: That is, ", True),
        ("sql/condition/overheat_v1/job.yaml", "hot_limit: 100.0", "hot_limit: 99.0", True),
    ],
)
def test_the_fingerprint_of_a_job_changes_with_the_files_that_it_runs_with(
    project: Project, file: str, before: str, after: str, same: bool
) -> None:
    was = fingerprint(project, settings.load(project, "local"), READINGS)
    path = project.root / file
    assert before in path.read_text()
    path.write_text(path.read_text().replace(before, after))
    now = fingerprint(project, settings.load(project, "local"), READINGS)
    assert (was == now) == same


@pytest.mark.parametrize(
    ("file", "same"),
    [
        ("table_api/models/stuck.onnx", False),
        ("table_api/watches/limits.json", False),
        ("headrace_udfs/models/score/1.npz", False),
        ("headrace_udfs/__pycache__/score.pyc", True),
        ("headrace_udfs/.mypy_cache/x.json", True),
        ("headrace_udfs/formats/.DS_Store", True),
        ("headrace_udfs/formats/py.typed", True),
    ],
)
def test_the_fingerprint_of_a_job_changes_with_the_models_of_its_packages(
    project: Project, monkeypatch: pytest.MonkeyPatch, file: str, same: bool
) -> None:
    functions = project.root / "udfs" / "headrace_udfs"
    shutil.copytree(ROOT / "udfs" / "headrace_udfs", functions, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(release, "functions_package", lambda: functions)
    known = settings.load(project, "local")
    was = fingerprint(project, known, "condition/stuck_v1")
    path = project.root / ("jobs" if file.startswith("table_api") else "udfs") / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\x00\x01")
    assert (fingerprint(project, known, "condition/stuck_v1") == was) == same
    path.write_bytes(b"\x00\x02")
    assert (fingerprint(project, known, "condition/stuck_v1") == was) == same


def test_the_fingerprint_of_a_score_job_has_its_model_and_other_jobs_stay_as_they_are(project: Project) -> None:
    shutil.copytree(ROOT / "udfs/models", project.root / "udfs/models")
    model, scores = project.root / "udfs/models/turbines", "condition/scores_v1"
    known = settings.load(project, "local")
    first, other = (fingerprint(project, known, name) for name in (scores, "condition/stuck_v1"))
    shutil.copytree(model / "1", model / "2")
    assert fingerprint(project, known, scores) == first
    (model / "1/model.npz").write_bytes(b"changed")
    assert fingerprint(project, known, scores) != first
    shutil.copy(model / "2/model.npz", model / "1/model.npz")
    assert fingerprint(project, known, scores) == first
    job = project.sql / scores / "job.yaml"
    job.write_text(job.read_text().replace("turbines@1", "turbines@2"))
    assert fingerprint(project, known, scores) != first
    assert fingerprint(project, known, "condition/stuck_v1") == other
