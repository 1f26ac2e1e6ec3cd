"""The jobs that `headrace new` creates pass their tests on real Flink, for every kind of contract."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from headrace.authoring import lint, new, test
from headrace.authoring.new import Request
from headrace.authoring.test.run import outcome
from headrace.environment import settings
from headrace.planner.in_process.minicluster import MiniCluster
from headrace.project import job_folder
from headrace.project.paths import Project
from support import ROOT

# Every kind of field, names that SQL reserves, paths, quality as words.
ODD = """\
description: "Gates: what the doorkeeper writes"
topic: gate.events
format: json
fields:
  order: {type: string, required: true}
  from: {type: long, path: data.from, unit: "1", range: [3, 30], description: "Where it \\"came\\" from, in words"}
  state: {type: boolean, path: data.state, required: true}
  seen: {type: timestamp, path: data.seen, required: true}
  by: {type: string}
time: {path: at, unit: iso8601, earliest: 2025-06-01T12:00:00.5Z, latest: 0s}
quality: {path: how.good, mapping: names, names: {FINE: good, BROKEN: bad}}
key: order
watermark: {lateness: 90m}
"""


# Every mask.
MASKED = """\
description: Parcels.
topic: parcel.scans
fields:
  parcel: {type: string, required: true, secret: {hash: people}}
  recipient: {type: string, required: true, secret: {hash: people}}
  sent_on: {type: string, required: true, secret: {truncate: month}}
  born: {type: timestamp, required: true, secret: {truncate: year}}
  due: {type: timestamp, required: true, secret: {shift: people, by: recipient}}
  due_on: {type: string, required: true, secret: {shift: people, by: recipient}}
  zip: {type: string, required: true, secret: {first: 2}}
  address: {type: string, required: true, secret: {prefix: 24}}
  weight: {type: double, unit: kg, secret: {step: 5}}
  note: {type: string, required: true, secret: drop}
time: {path: at, unit: iso8601}
key: parcel
watermark: {lateness: 90m}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    root = tmp_path_factory.mktemp("project")
    for part in ("sql", "catalogs"):
        shutil.copytree(ROOT / part, root / part)
    (root / "sql" / "_sources" / "gate_events.yaml").write_text(ODD)
    (root / "sql" / "_sources" / "masked_scans.yaml").write_text(MASKED)
    (root / "sql" / "_sources" / "gate_batches.yaml").write_text(ODD.replace("format: json", "format: json_array"))
    (root / "sql" / "_sources" / "gate_records.yaml").write_text(ODD.replace("format: json", "format: avro"))
    return Project(root, root / ".headrace")


@pytest.fixture(scope="module")
def cluster() -> Iterator[MiniCluster]:
    with MiniCluster(Project.find(ROOT)) as up:
        yield up


@pytest.mark.parametrize(
    ("source", "window"),
    [
        ("plant_readings", None),
        ("plant_readings", "7m"),
        ("gate_events", "7m"),
        ("gate_batches", None),
        ("gate_records", None),
        ("masked_scans", None),
        ("masked_scans", "7m"),
    ],
)
def test_a_new_job_passes_its_test_and_the_lint(
    project: Project, cluster: MiniCluster, source: str, window: str | None
) -> None:
    name = f"new/{source}{'_windows' if window else ''}_v1"
    new.write_files(project, Request(name, source, f"new.{source}{'_windows' if window else ''}", "me", window))
    loaded = settings.load(project, "local")
    (case,) = test.load(project, job_folder.load(project, name))
    result = outcome(project, loaded, cluster, case)
    assert not result.problems, "\n".join(map(str, result.problems))
    assert not result.differences
    assert lint.lint(project, loaded, [name]) == []
