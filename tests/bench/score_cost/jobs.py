"""The jobs that are compared, and what a project needs to run them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml

from bench.score_cost import plant
from bench.stand import Stand
from headrace.project import model_files, model_versions, python_module
from headrace.project.model_versions import Training
from headrace.project.paths import Project
from headrace_udfs.scoring.model import Model

JOB = "condition/scores_v1"

JOBS: Mapping[str, dict[str, object]] = {
    "decode": {
        "kind": "table_api",
        "module": "decoded",
        "reads": ["source/plant_readings"],
        "writes": {"table/condition.scores": "append"},
    },
    "score": {
        "kind": "score",
        "model": "plant@1",
        "reads": ["source/plant_readings"],
        "writes": {"table/condition.scores": "append", "table/condition.anomaly_events": "upsert"},
    },
}


def equip(place: Stand, platform: Project, model: Model, name: str) -> None:
    """Give the stand the model, the modules of jobs, and the job."""
    until = datetime.fromtimestamp(plant.START_US / 1e6, UTC)
    folder = model_files.folder(place.project, "plant")
    folder.mkdir(parents=True)
    (folder / "model.yaml").write_text("kind: regime\nowner: bench\ndescription: A plant.\ntags: ['*']\n")
    training = Training(until - timedelta(days=45), until, None, 1, plant.EVERY_US, until, "bench")
    model_versions.write(place.project, "plant", model, training)
    package = python_module.package(place.project)
    shutil.copytree(python_module.package(platform), package, ignore=shutil.ignore_patterns("__pycache__"))
    for module in ("decoded.py", "nothing.py"):
        shutil.copy(Path(__file__).with_name("modules") / module, package)
    job = place.project.sql / JOB
    shutil.rmtree(job, ignore_errors=True)
    job.mkdir(parents=True)
    common = {"name": JOB, "owner": "bench", "description": "A bench.", "grain": "one row per reading"}
    text = yaml.safe_dump({**common, **JOBS[name]}, sort_keys=False)
    (job / "job.yaml").write_text(text)
