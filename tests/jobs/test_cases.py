"""Every test case of every job, run on a Flink in this process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from headrace.authoring import test
from headrace.authoring.test.run import outcome
from headrace.environment import settings
from headrace.planner.in_process.minicluster import MiniCluster
from headrace.project import job_folder
from headrace.project.paths import Project
from support import ROOT

PROJECT = Project.find(ROOT)
JOBS = [job_folder.load(PROJECT, name) for name in job_folder.names(PROJECT)]


@pytest.fixture(scope="module")
def cluster() -> Iterator[MiniCluster]:
    with MiniCluster(PROJECT) as up:
        yield up


@pytest.mark.parametrize("case", [case for job in JOBS for case in test.load(PROJECT, job)], ids=str)
def test_a_case_passes(cluster: MiniCluster, case: test.Case) -> None:
    result = outcome(PROJECT, settings.load(PROJECT, "local"), cluster, case)
    assert not result.problems, "\n".join(map(str, result.problems))
    assert not result.differences


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.job.name)
def test_every_job_has_a_case(job: job_folder.JobFolder) -> None:
    assert test.load(PROJECT, job)
