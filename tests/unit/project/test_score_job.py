"""A score job's folder is read with the version of the model that it names, and its faults are reported."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from headrace.errors import UserError
from headrace.project import job_folder, model_files
from headrace.project.paths import Project
from support import ROOT

JOB = """\
kind: score
model: pumps@2
name: test/scores_v1
owner: o
description: d
grain: one row per reading
reads: [source/plant_readings]
writes: {table/condition.scores: append, table/condition.anomaly_events: upsert, topic/anomaly_alerts: append}
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    for part in ("sql/_sources", "sql/_tables", "sql/_topics"):
        shutil.copytree(ROOT / part, tmp_path / part)
    write(tmp_path / "sql/test/scores_v1/job.yaml", JOB)
    write(tmp_path / "jobs/table_api/score.py", "def tables(inputs):\n    return {}\n")
    for version in (1, 2):
        write(tmp_path / f"udfs/models/pumps/{version}/card.yaml", "kind: regime\n")
    write(tmp_path / "udfs/models/pumps/model.yaml", "kind: regime\n")
    write(tmp_path / "udfs/models/fans/model.yaml", "kind: regime\n")
    return Project(tmp_path, tmp_path / ".headrace")


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def reported(project: Project, old: str = "", new: str = "") -> str:
    """Return the faults of the job with `new` instead of `old`."""
    assert old in JOB
    write(project.sql / "test/scores_v1/job.yaml", JOB.replace(old, new))
    with pytest.raises(UserError) as raised:
        job_folder.load(project, "test/scores_v1")
    return str(raised.value).replace(f"{project.root}/", "")


def test_it_runs_the_module_of_its_kind_on_time(project: Project) -> None:
    folder = job_folder.load(project, "test/scores_v1")
    assert folder.module
    assert folder.module.path == project.root / "jobs/table_api/score.py"
    assert folder.on_time == {"plant_readings"}
    assert folder.job.runs == "score"
    assert model_files.exact(project, str(folder.job.model)) == ("pumps", 2)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("model: pumps@2\n", "", "job.yaml:1:1: a score job requires a model\n  fix: add model: <model>@<version>;"),
        ("pumps@2", "pumps", "job.yaml:2:1: 'pumps' names no version of the model\n  fix: write pumps@2,"),
        ("pumps@2", "pumbs@2", "job.yaml:2:1: there is no model 'pumbs'\n  fix: did you mean 'pumps'?"),
        ("pumps@2", "pumps@3", "job.yaml:2:1: model 'pumps' has no version 3\n  fix: its latest version is pumps@2;"),
        ("pumps@2", "fans@1", "job.yaml:2:1: model 'fans' has no trained version\n  fix: headrace model train fans"),
        ("pumps@2", "pumps@0", "job.yaml:2:1: model: 'pumps@0' is not a version of a model"),
        ("model:", "module: stuck\nmodel:", "job.yaml:2:1: a score job has no module of its own"),
        ("reads:", "steps: [enrich]\nreads:", "job.yaml:7:1: a score job has no steps"),
        ("reads:", "keeps_every_record: true\nreads:", "job.yaml:7:1: a score job cannot keep every record"),
        ("[source/plant_readings]", "[table/historian.tags]", "job.yaml:7:1: a score job reads one source"),
        ("plant_readings]", "plant_readings, table/historian.tags]", "job.yaml:7:1: the states of assets need both"),
        ("scores: append", "scores: upsert", "job.yaml:8:10: a score job does not upsert to condition.scores"),
        ("anomaly_events: upsert", "events: append", "a score job cannot write 'table/condition.events'"),
    ],
)
def test_what_its_kind_does_not_allow_is_reported_at_its_line(project: Project, old: str, new: str, fault: str) -> None:
    assert fault in reported(project, old, new)


def test_templates_are_refused(project: Project) -> None:
    write(project.sql / "test/scores_v1/condition.scores.sql.j2", "select 1")
    assert "condition.scores.sql.j2: a score job has no templates\n  fix: remove the file" in reported(project)


def test_other_jobs_have_no_model(project: Project) -> None:
    text = reported(project, "kind: score", "kind: table_api\nmodule: score")
    assert "job.yaml:3:1: only a score job has a model" in text
