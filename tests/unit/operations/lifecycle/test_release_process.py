"""A release reaches a cluster with certificates by a bridge, whatever its engine knows of certificates."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from headrace.environment import settings
from headrace.errors import PlatformError
from headrace.operations.ledger import Entry, Ledger
from headrace.operations.lifecycle import release_process
from headrace.operations.lifecycle.job_cluster import JobCluster
from headrace.operations.lifecycle.operation_context import OperationContext
from headrace.project.paths import Project
from support import ROOT

REST, BRIDGE = "https://cluster:8081", "http://127.0.0.1:29999"


class Cluster:
    """The address of a cluster."""

    rest = REST


def test_it_gets_the_bridges_address_and_no_certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[tuple[str, Path]] = []
    orders: list[dict[str, Any]] = []

    @contextmanager
    def bridge(rest: str, tls: Path) -> Iterator[str]:
        opened.append((rest, tls))
        yield BRIDGE

    def run(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        orders.append(json.loads(options["input"]))
        problem = {"what": "no slots", "where": BRIDGE, "fix": None}
        return subprocess.CompletedProcess(command, 1, json.dumps({"kind": "PlatformError", "problems": [problem]}), "")

    monkeypatch.setattr(release_process, "bridge", bridge)
    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(PlatformError) as failure:
        release_process.launch(context(tmp_path), entry())
    (order,) = orders
    assert order["settings"]["flink"] == {"rest": BRIDGE, "parallelism": 2, "checkpoint_interval_s": 5.0}
    assert opened == [(REST, tmp_path / "tls")]
    assert failure.value.problems[0].where == REST


def context(home: Path) -> OperationContext:
    project = Project(ROOT, home)
    known = settings.load(project, "local")
    flink = known.flink.model_copy(update={"rest": REST, "tls": str(home / "tls")})
    known = known.model_copy(update={"flink": flink})

    class Context(OperationContext):
        """A context whose releases are not unpacked."""

        def unpacked(self, digest: str) -> Path:
            return home / digest

    return Context(project, known, cast(JobCluster, Cluster()), cast(Ledger, None), "", "", print)


def entry() -> Entry:
    return Entry("d", "historian/readings_v1", 1, "running", "a" * 32, "made", "f", 1, REST, "me")
