"""The Dockerfile's build steps, run in a plain folder: they work, and so does what they build."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import ssl
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import yaml
from packaging.requirements import Requirement

from headrace.environment import flink_tls
from k8s import manifests, on_this_machine
from support.worlds.live_plant import until

BUILD_LIMIT_S = 1000

pytestmark = pytest.mark.timeout(1200)


@pytest.fixture(scope="module")
def root(pytestconfig: pytest.Config) -> Path:
    return pytestconfig.rootpath


@pytest.fixture(scope="module")
def image(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The contents of the image's /opt/headrace, 1.4 GB, deleted afterwards."""
    folder = tmp_path_factory.mktemp("image") / "headrace"
    build = _instructions(root)
    for sources, target in ((line[:-1], line[-1]) for line in build["COPY"] if not line[0].startswith("--")):
        for source in sources:
            _copy(root / source, folder / target / source if target == "./" else folder / target)
    (step,) = (line for line in build["RUN"] if line[0] != "apt-get")
    inherited = {key: os.environ[key] for key in ("PATH", "HOME", "JAVA_HOME") if key in os.environ}
    done = subprocess.run(
        [folder / step[0]], cwd="/", env=inherited, capture_output=True, text=True, timeout=BUILD_LIMIT_S, check=False
    )
    assert done.returncode == 0, done.stderr
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def environment(image: Path, root: Path, tmp_path: Path) -> dict[str, str]:
    """The Dockerfile's environment, and what a pod adds to it."""
    (settings,) = _instructions(root)["ENV"]
    fixed = dict(setting.split("=", 1) for setting in settings)
    fixed = {key: value.replace("/opt/headrace", str(image)) for key, value in fixed.items()}
    return {"PATH": os.environ["PATH"], **fixed, "HEADRACE_HOME": str(tmp_path), "HOME": str(tmp_path)}


@pytest.mark.proof
def test_the_image_has_the_command_line_and_no_developer_tools(image: Path, environment: dict[str, str]) -> None:
    jobs = subprocess.run(
        [image / ".venv/bin/headrace", "list", "--json"], cwd="/", env=environment, capture_output=True, check=True
    )
    assert "historian/readings_v1" in jobs.stdout.decode()
    tools = {path.name for path in (image / ".venv" / "bin").iterdir()}
    assert tools.isdisjoint({"ruff", "mypy", "pytest", "uv", "kubectl"})
    assert {path.name for path in (image / ".headrace" / "jars").iterdir()} <= {"flink", "plugins"}


def test_the_build_needs_no_file_that_docker_ignores(root: Path) -> None:
    left_in = {line.removeprefix("!") for line in _ignore(root) if line.startswith("!")}
    copied = {s for line in _instructions(root)["COPY"] if not line[0].startswith("--") for s in line[:-1]}
    assert copied == left_in


def test_the_images_packages_are_the_projects_part_of_the_lock(root: Path) -> None:
    ours, everyones = (_pins(root / name) for name in ("k8s/image/requirements.lock", "requirements.lock"))
    assert ours.items() < everyones.items()
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    assert {Requirement(line).name for line in project["dependencies"]} <= set(ours)


@pytest.mark.proof
def test_a_jobmanager_starts_as_the_operator_starts_it(image: Path, jobmanager: JobManager) -> None:
    rest, metrics, certificates, logs = jobmanager
    until(lambda: _probed(image, rest, certificates), 60)
    with httpx.Client(verify=flink_tls.context(certificates), trust_env=False, timeout=60) as client:
        assert client.get(f"{rest}/config").json()["flink-version"].startswith("2.1")
    with pytest.raises(httpx.TransportError):
        httpx.get(f"{rest}/config", verify=ssl.create_default_context(cafile=certificates / "ca.crt"), trust_env=False)
    assert "flink_jobmanager_numRunningJobs" in _scraped(metrics, on_this_machine.TOKEN).text
    for token in ("", "another", on_this_machine.TOKEN[:-1]):
        refused = _scraped(metrics, token)
        assert (refused.status_code, refused.text) == (401, "")
    # The first lines are from Flink's script.
    documents = [json.loads(line) for line in logs.read_text().splitlines() if line.startswith("{")]
    assert any("Rest endpoint listening" in document["message"] for document in documents)


JobManager = tuple[str, str, Path, Path]


@pytest.fixture
def jobmanager(image: Path, environment: dict[str, str], root: Path, tmp_path: Path) -> Iterator[JobManager]:
    """The addresses of its REST API and metrics, its certificates, and its log. It must leave the image unchanged."""
    objects = manifests.build(root / "k8s" / "overlays" / "dev")
    (cluster,) = (each["spec"] for each in manifests.of_kind(objects, "FlinkDeployment"))
    settings = on_this_machine.settings(cluster, tmp_path) | on_this_machine.of_process()
    rest, reporter = settings["rest.port"], settings["metrics.reporter.prom.port"]
    conf = tmp_path / "conf"
    conf.mkdir()
    (conf / "config.yaml").write_text(yaml.safe_dump(settings, width=10_000))
    for name, text in cluster["logConfiguration"].items():
        (conf / name).write_text(text)
    before, logs = _files(image), tmp_path / "log"
    entry = settings["kubernetes.entry.path"].replace("/opt/headrace", str(image))
    with logs.open("w") as output:
        process = subprocess.Popen(
            [entry, "jobmanager", "-D", "jobmanager.rpc.address=127.0.0.1"],
            env={**environment, "FLINK_CONF_DIR": str(conf)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield f"https://127.0.0.1:{rest}", f"http://127.0.0.1:{reporter}/metrics", tmp_path / "rest", logs
    finally:
        process.terminate()
        process.wait(30)
    assert _files(image) == before


def _instructions(root: Path) -> dict[str, list[list[str]]]:
    """Return the words of each instruction of the Dockerfile, by name."""
    text = (root / "k8s" / "image" / "Dockerfile").read_text().replace("\\\n", " ")
    instructions: dict[str, list[list[str]]] = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, *words = shlex.split(line)
            instructions.setdefault(name, []).append(words)
    return instructions


def _pins(lock: Path) -> dict[str, str]:
    return dict(re.findall(r"^([\w-]+)==(\S+)", lock.read_text(), re.MULTILINE))


def _ignore(root: Path) -> list[str]:
    return (root / "k8s" / "image" / "Dockerfile.dockerignore").read_text().splitlines()


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)


def _files(folder: Path) -> dict[Path, int]:
    return {path: path.lstat().st_mtime_ns for path in folder.rglob("*")}


def _probed(image: Path, rest: str, certificates: Path) -> bool:
    """Return what the pod's probe would report."""
    command: list[str | Path] = [
        image / ".venv/bin/python",
        image / "k8s/image/probe.py",
        f"{rest}/config",
        certificates,
    ]
    return subprocess.run(command, capture_output=True, timeout=30, check=False).returncode == 0


def _scraped(metrics: str, token: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.get(metrics, headers=headers, trust_env=False, timeout=60)
