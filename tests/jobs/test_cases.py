"""Every case of every job: a folder of data, run on a Flink of this process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from headrace import cases, jobfolder, settings
from headrace.cases.minicluster import MiniCluster
from headrace.cases.run import outcome
from headrace.project import Project

PROJECT = Project.find(Path(__file__).parents[2])
JOBS = [jobfolder.load(PROJECT, name) for name in jobfolder.names(PROJECT)]


@pytest.fixture(scope="module")
def cluster() -> Iterator[MiniCluster]:
    with MiniCluster(PROJECT) as up:
        yield up


@pytest.mark.parametrize("case", [case for job in JOBS for case in cases.load(PROJECT, job)], ids=str)
def test_a_case_comes_out_as_it_says(cluster: MiniCluster, case: cases.Case) -> None:
    came = outcome(PROJECT, settings.load(PROJECT, "local"), cluster, case)
    assert not came.problems, "\n".join(map(str, came.problems))
    assert not came.differences


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.job.name)
def test_every_job_has_a_case(job: jobfolder.JobFolder) -> None:
    assert cases.load(PROJECT, job)
