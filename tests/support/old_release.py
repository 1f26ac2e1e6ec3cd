"""The release made at commit 49e4b02, before the engine's modules moved into rooms, and how to run its own engine."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path

from headrace.environment import iceberg
from headrace.environment.flink_bridge import bridge
from headrace.environment.settings import Settings
from headrace.project.system_tables import READINGS, TAGS
from support.worlds.live_plant import Plant

ARCHIVE = Path(__file__).parent / "releases" / "49e4b02.tar.xz"
# This uses the modules and the names of the old release.
_SUBMIT = """
import sys
from pathlib import Path
from headrace.lifecycle import desk as desks
from headrace.lifecycle import submit
from headrace import jobfolder, tables
from headrace.project import Project
from headrace.settings import Settings
project, settings = Project(Path(sys.argv[1]), Path(sys.argv[2])), Settings.model_validate_json(sys.stdin.read())
# The catalog may have tables with columns that this release does not know.
tables.apply(project, settings, [*jobfolder.job_of(project, sys.argv[3]).tables_written, "historian.tags"])
with desks.at(project, settings) as desk:
    submit.submit(desk, sys.argv[3])
"""


def unpack(into: Path) -> Path:
    """Unpack the release into the folder `into`, as a release is unpacked to be run; return the folder."""
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(into, filter="data")
    return into


def submit(plant: Plant, job: str) -> None:
    """Start the job in the plant with the old engine: it stores its release and writes the ledger and the plan."""
    root = unpack(plant.project.root / "old_checkout")
    # The release makes its own: in those of today its scores and baselines have no columns.
    catalog = iceberg.connect(plant.settings)
    for table in (READINGS, TAGS):
        catalog.drop_table(table)
    contract = root / "sql" / "_sources" / "plant_readings.yaml"
    contract.write_text(contract.read_text().replace("topic: plant.readings", f"topic: {plant.topic}"))
    tls = plant.settings.flink_tls()
    assert tls
    with bridge(plant.settings.flink_rest(), tls) as address:
        plain = plant.settings.flink.model_copy(update={"rest": address, "tls": None})
        _run(root, plant, plant.settings.model_copy(update={"flink": plain}), job)


def _run(root: Path, plant: Plant, settings: Settings, job: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _SUBMIT, str(root), str(plant.project.home), job],
        input=settings.model_dump_json(exclude_defaults=True),
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(root / "jobs"), str(root / "udfs")]),
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
