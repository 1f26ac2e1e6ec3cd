"""A cluster that starts early is the next one that is asked for, whether it started or not."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from headrace.errors import PlatformError
from headrace.planner.in_process import java_cluster
from headrace.project.paths import Project

LIMIT_S = 30
PROJECT = Project(Path("/a"), Path("/a/home"))


@pytest.fixture
def starts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let each start return its number, in a thread; the list has the threads' names."""
    threads: list[str] = []

    def start(project: Project) -> int:
        assert project == PROJECT
        threads.append(threading.current_thread().name)
        return len(threads)

    monkeypatch.setattr(java_cluster, "_start", start)
    monkeypatch.setattr(java_cluster, "_early", [])
    return threads


def test_the_early_cluster_is_taken_once(starts: list[str]) -> None:
    java_cluster.start_early(PROJECT)
    java_cluster.start_early(PROJECT)
    assert java_cluster.started(PROJECT).result(LIMIT_S) == 1
    assert java_cluster.started(PROJECT).result(LIMIT_S) == 2
    assert starts == ["headrace-flink", "headrace-flink"]


@pytest.mark.parametrize("why", [PlatformError("Java does not start"), SystemExit(-1)])
def test_why_it_did_not_start_is_raised_where_it_is_needed(
    starts: list[str], monkeypatch: pytest.MonkeyPatch, why: BaseException
) -> None:
    def fail(_project: Project) -> int:
        raise why

    with monkeypatch.context() as broken:
        broken.setattr(java_cluster, "_start", fail)
        java_cluster.start_early(PROJECT)
        assert java_cluster._early[0].exception(LIMIT_S) is why
    with pytest.raises(type(why)):
        java_cluster.started(PROJECT).result(LIMIT_S)
    assert java_cluster.started(PROJECT).result(LIMIT_S) == 1
    assert starts == ["headrace-flink"]
