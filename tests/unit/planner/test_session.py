"""What is shipped to the workers with a job."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from headrace.environment import settings
from headrace.environment.settings import Flink
from headrace.planner import release, session
from headrace.project import job_folder
from headrace.project.job import Job
from headrace.project.paths import Project
from support import ROOT

READ = """
from importlib.resources import files
print(files("table_api").joinpath("models/stuck.json").read_text())
"""


def test_models_travel_with_the_package_whose_code_reads_them(tmp_path: Path) -> None:
    for part in ("sql", "jobs/table_api"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    project = Project(tmp_path, tmp_path / "home")
    model = tmp_path / "jobs" / "table_api" / "models" / "stuck.json"
    model.parent.mkdir()
    shipped = []
    for text in ("first", "second"):
        model.write_text(text)
        _, packed = (session.packed(project, each, each.name) for each in session.packages(project, job(project)))
        shipped.append(packed)
        output = subprocess.check_output([sys.executable, "-c", READ], env={"PYTHONPATH": str(packed)}, text=True)
        assert output.strip() == text
    assert shipped[0] != shipped[1]


def test_a_package_without_models_is_shipped_as_before(tmp_path: Path) -> None:
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").write_text("x = 1\n")
    (package / "py.typed").touch()
    assert release.package_files(package) == {"__init__.py": b"x = 1\n"}


def job(project: Project) -> Job:
    return job_folder.load(project, "condition/stuck_v1").job


def test_flinks_own_client_shows_the_certificate_of_the_environment(tmp_path: Path) -> None:
    known = settings.load(Project(ROOT, tmp_path), "local")
    (tmp_path / "local").mkdir()
    (tmp_path / "local" / "flink").write_text("https://127.0.0.1:8081\n")
    options = session.cluster_options(known)
    assert (options["rest.address"], options["rest.port"]) == ("127.0.0.1", "8081")
    assert options["security.ssl.rest.enabled"] == options["security.ssl.rest.authentication-enabled"] == "true"
    stores = {key: value for key, value in options.items() if key.endswith("store")}
    assert stores == {
        "security.ssl.rest.keystore": str(tmp_path / "local" / "tls" / "keystore.p12"),
        "security.ssl.rest.truststore": str(tmp_path / "local" / "tls" / "truststore.p12"),
    }
    plain = known.model_copy(update={"flink": Flink(rest="http://cluster:8081")})
    assert [key for key in session.cluster_options(plain) if "ssl" in key] == []
