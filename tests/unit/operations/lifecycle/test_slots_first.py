"""A job for which too few slots are free is refused before it is planned, which takes most of a start's time."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from headrace.environment import settings
from headrace.environment.apply import table_changes
from headrace.environment.flink_rest import RunningJob
from headrace.errors import UserError
from headrace.operations.ledger import DEPLOYMENTS, Ledger
from headrace.operations.lifecycle import incarnation
from headrace.operations.lifecycle.job_cluster import JobCluster
from headrace.operations.lifecycle.operation_context import OperationContext
from headrace.operations.lifecycle.submit import submit
from headrace.operations.lifecycle.upgrade import upgrade
from headrace.project.paths import Project
from support import ROOT


class Full:
    """A cluster whose slots are all taken."""

    rest = "http://cluster"

    def slots(self) -> tuple[int, int]:
        return 0, 4

    def jobs(self) -> list[RunningJob]:
        return []

    def running(self, _name: str) -> None:
        return None


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OperationContext:
    def planned(*_: Any, **__: Any) -> None:
        pytest.fail("the job was planned")

    monkeypatch.setattr(incarnation, "successor", planned)
    project = Project(ROOT, tmp_path)
    known = settings.load(project, "local")
    table_changes.apply(project, known, [DEPLOYMENTS])
    return OperationContext(project, known, cast(JobCluster, Full()), Ledger(known), "", "", print)


@pytest.mark.parametrize("start", [submit, upgrade])
@pytest.mark.parametrize(("parallelism", "needed"), [(None, 2), (3, 3)])
def test_a_start(context: OperationContext, start: Any, parallelism: int | None, needed: int) -> None:
    with pytest.raises(UserError, match=f"the job needs {needed} slots, and 0 of the cluster's 4 are free") as caught:
        start(context, "condition/spikes_v1", parallelism=parallelism)
    (problem,) = caught.value.problems
    assert (problem.where, "stop another job" in (problem.fix or "")) == ("http://cluster", True)
