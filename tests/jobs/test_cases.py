"""Every test case of every job, run on a Flink in this process."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from headrace.authoring import test
from headrace.authoring.test.run import outcome
from headrace.environment import settings
from headrace.planner.in_process.minicluster import MiniCluster
from headrace.project import job_folder
from headrace.project.paths import Project
from support import ROOT, sockets

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


def test_the_cluster_of_cases_can_be_reached_neither_from_the_network_nor_by_a_web_page(cluster: MiniCluster) -> None:
    found = [(address, port) for _, address, port in sockets.listening(sockets.of_this_process())]
    assert urlsplit(cluster.rest).port in {port for _, port in found}
    assert [each for each in found if not sockets.is_loopback(each[0])] == []
    page = {"Origin": "http://evil.example"}
    assert httpx.get(f"{cluster.rest}/overview", headers=page, trust_env=False, timeout=60).status_code == 403


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.job.name)
def test_every_job_has_a_case(job: job_folder.JobFolder) -> None:
    assert test.load(PROJECT, job)
