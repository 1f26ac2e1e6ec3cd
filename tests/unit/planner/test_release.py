"""The files that a job runs from are stored, and come back unchanged."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from pyiceberg.io.pyarrow import PyArrowFileIO

from headrace.errors import PlatformError
from headrace.planner import release
from headrace.project.paths import Project
from support import ROOT


@pytest.fixture
def project(tmp_path: Path) -> Project:
    shutil.copytree(ROOT / "sql", tmp_path / "project" / "sql")
    return Project(tmp_path / "project", tmp_path / "home")


def test_a_release_is_named_by_its_contents(project: Project) -> None:
    first = release.pack(project)
    (project.sql / "historian" / "readings_v1" / "job.yaml").touch()
    (project.sql / "__pycache__").mkdir()
    (project.sql / "__pycache__" / "x.pyc").write_bytes(b"x")
    assert release.pack(project).digest == first.digest
    (project.sql / "historian" / "readings_v1" / "note.sql").write_text("-- more")
    assert release.pack(project).digest != first.digest


def test_a_stored_release_is_unpacked_and_its_engine_runs(project: Project) -> None:
    files, folder, packed = PyArrowFileIO(), (project.home / "warehouse").as_uri(), release.pack(project)
    release.store(files, folder, packed)
    root = release.unpack(files, folder, packed.digest, project.home / "releases")
    assert (root / "sql" / "historian" / "readings_v1" / "job.yaml").is_file()
    program = "import headrace, headrace_udfs; print(headrace.__file__); print(headrace_udfs.__file__)"
    path = f"{root / 'jobs'}:{root / 'udfs'}"
    output = subprocess.check_output([sys.executable, "-c", program], env={"PYTHONPATH": path}, text=True)
    assert output.splitlines() == [
        str(root / "jobs/headrace/__init__.py"),
        str(root / "udfs/headrace_udfs/__init__.py"),
    ]


def test_a_release_has_the_versions_of_models_that_jobs_name_and_no_others(project: Project) -> None:
    before = release.pack(project)
    shutil.copytree(ROOT / "udfs/models/turbines", project.root / "udfs/models/turbines")
    named = release.pack(project)
    assert named.digest != before.digest
    files = zipfile.ZipFile(io.BytesIO(named.packed)).namelist()
    assert [file for file in files if file.startswith("udfs/models/")] == [
        "udfs/models/turbines/model.yaml",
        "udfs/models/turbines/1/card.yaml",
        "udfs/models/turbines/1/model.npz",
    ]
    shutil.copytree(ROOT / "udfs/models/turbines/1", project.root / "udfs/models/turbines/2")
    assert release.pack(project).digest == named.digest
    job = project.sql / "condition/scores_v1/job.yaml"
    job.write_text(job.read_text().replace("turbines@1", "turbines@2"))
    assert release.pack(project).digest != named.digest


def test_a_truncated_release_is_stored_again(project: Project) -> None:
    files, folder, packed = PyArrowFileIO(), (project.home / "warehouse").as_uri(), release.pack(project)
    release.store(files, folder, packed)
    (stored,) = (project.home / "warehouse" / "releases").iterdir()
    stored.write_bytes(packed.packed[:100])
    with pytest.raises(PlatformError, match="is damaged"):
        release.unpack(files, folder, packed.digest, project.home / "releases")
    release.store(files, folder, packed)
    release.unpack(files, folder, packed.digest, project.home / "releases")


@pytest.mark.parametrize("change", ["changed", "added", "removed", "linked"])
def test_an_unpacked_release_that_is_not_as_packed_is_replaced(project: Project, change: str) -> None:
    files, folder, packed = PyArrowFileIO(), (project.home / "warehouse").as_uri(), release.pack(project)
    release.store(files, folder, packed)
    root = release.unpack(files, folder, packed.digest, project.home / "releases")
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    changed, added = root / "jobs/headrace/errors.py", root / "jobs/headrace/cli/json.py"
    if change in {"changed", "added"}:
        (changed if change == "changed" else added).write_text("raise SystemExit")
    else:
        changed.unlink()
        if change == "linked":
            added.symlink_to(project.sql)
    assert release.unpack(files, folder, packed.digest, project.home / "releases") == root
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before


def test_an_unpacked_release_that_is_as_packed_is_used(project: Project) -> None:
    files, folder, packed = PyArrowFileIO(), (project.home / "warehouse").as_uri(), release.pack(project)
    release.store(files, folder, packed)
    made = [release.unpack(files, folder, packed.digest, project.home / "releases").stat().st_ino for _ in range(2)]
    assert made[0] == made[1]


def test_a_missing_release_is_reported_by_its_name(project: Project) -> None:
    with pytest.raises(PlatformError, match="the release abc is not there"):
        release.unpack(PyArrowFileIO(), project.home.as_uri(), "abc", project.home / "releases")
