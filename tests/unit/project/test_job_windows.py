"""Windows that cannot be computed again are refused when the job is read."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from headrace.errors import UserError
from headrace.project import job_folder
from headrace.project.paths import Project
from support import ROOT


@pytest.fixture
def project(tmp_path: Path) -> Project:
    shutil.copytree(ROOT / "sql", tmp_path / "sql")
    return Project(tmp_path, tmp_path / ".headrace")


def test_sessions_have_no_length_to_compute_them_again_by(project: Project) -> None:
    assert job_folder.load(project, "web/sessions_v1").job.window is None
    file = project.sql / "web" / "sessions_v1" / "job.yaml"
    file.write_text(f"{file.read_text()}window: 30m\n")
    with pytest.raises(UserError) as raised:
        job_folder.load(project, "web/sessions_v1")
    (problem,) = raised.value.problems
    assert "web.sessions.sql.j2 has session windows, of no fixed length" in problem.what
    assert str(problem.where).endswith("job.yaml:11:1")
