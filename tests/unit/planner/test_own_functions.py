"""What travels with a job: the functions that it names, and no others, in releases, zips and fingerprints."""

from __future__ import annotations

import io
import shutil
import zipfile
from pathlib import Path

import pytest

from headrace.authoring import new
from headrace.environment import settings
from headrace.operations.lifecycle.fingerprint import fingerprint
from headrace.planner import own_functions, release, session
from headrace.project import job_folder
from headrace.project.paths import Project
from support import ROOT

JOB, OTHER = "fleet/rul_v1", "historian/readings_v1"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    for part in ("catalogs", "sql"):
        shutil.copytree(ROOT / part, tmp_path / part)
    shutil.copytree(
        ROOT / "tests" / "function_jobs", tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__")
    )
    project = Project(tmp_path, tmp_path / "home")
    new.write_function(project, "unused")
    return project


def prints(project: Project) -> tuple[str, str]:
    loaded = settings.load(project, "local")
    return fingerprint(project, loaded, JOB), fingerprint(project, loaded, OTHER)


def test_an_artefact_counts_in_the_fingerprint_of_the_jobs_that_name_its_function_alone(project: Project) -> None:
    first = prints(project)
    for file in ("limits.json", "limits.py", "function.yaml"):
        path = project.root / "udfs" / "cycle_load" / file
        path.write_text(path.read_text() + "\n")
        second = prints(project)
        assert second[0] != first[0]
        assert second[1] == first[1]
        first = second
    (project.root / "udfs" / "unused" / "function.py").write_text("changed = 1\n")
    assert prints(project) == first


def test_a_release_has_the_functions_that_jobs_name(project: Project) -> None:
    packed = release.pack(project)
    names = zipfile.ZipFile(io.BytesIO(packed.packed)).namelist()
    own = sorted(name for name in names if name.startswith("udfs/") and not name.startswith("udfs/headrace_udfs/"))
    assert own == [
        *(f"udfs/cycle_load/{file}" for file in ("function.py", "function.yaml", "limits.json", "limits.py")),
        *(f"udfs/rul_linear/{file}" for file in ("function.py", "function.yaml", "model.npz", "train.py")),
        *(f"udfs/rul_network/{file}" for file in ("function.yaml", "network.onnx")),
    ]


def test_the_functions_of_a_job_are_shipped_in_zips_of_their_own(project: Project) -> None:
    job = job_folder.load(project, JOB).job
    _, *zips = session.shipped(project, job)
    assert [path.name.rpartition("-")[0] for path in zips] == [f"headrace_function_{name}" for name in job.functions]
    assert zipfile.ZipFile(zips[-1]).read("headrace_function_cycle_load/limits.json").startswith(b'{"north"')
    assert len(session.shipped(project, job_folder.load(project, OTHER).job)) == 1


def test_a_function_is_described_with_the_digest_of_its_files(project: Project) -> None:
    before = own_functions.described(project, "rul_network")
    assert before.network
    assert before.outputs == {"rul": "double", "spread": "double"}
    file = project.root / "udfs" / "rul_network" / "network.onnx"
    file.write_bytes(file.read_bytes() + b"\0")
    assert own_functions.described(project, "rul_network").digest != before.digest
