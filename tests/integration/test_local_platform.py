"""The local platform by itself: what starts, what restarts, what is left when it is down."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import tenacity
from confluent_kafka.admin import AdminClient, NewTopic

from headrace import local
from headrace.environment.flink_rest import Cluster
from headrace.errors import PlatformError
from headrace.local import flink_java, ports, processes
from headrace.local.layout import Layout
from headrace.project.paths import Project
from support.services.processes import SHORT_LIVED_JAVA

LIMIT_S = 180
"""Of what takes a few seconds on a calm machine: on a loaded one, Java takes a minute to start."""


@pytest.fixture(scope="module")
def other(platform: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A second platform, next to the one that all tests share."""
    project = Project(platform.root, tmp_path_factory.mktemp("other"))
    with pytest.MonkeyPatch.context() as short_lived:
        for name, value in SHORT_LIVED_JAVA.items():
            short_lived.setenv(name, value)
        local.up(project, print)
        yield project
        local.down(project, print)


def test_the_published_addresses_answer(platform: Project) -> None:
    endpoints = _endpoints(platform)
    assert AdminClient({"bootstrap.servers": endpoints.kafka}).list_topics(timeout=LIMIT_S).brokers
    assert len(_taskmanagers(platform)) == 1
    assert [(s.name, s.state) for s in local.status(platform)] == [
        ("kafka", "RUNNING"),
        ("jobmanager", "RUNNING"),
        ("taskmanager", "RUNNING"),
        ("maintenance", "RUNNING"),
    ]


def test_other_users_of_the_machine_cannot_enter_the_platforms_folder(platform: Project) -> None:
    assert stat.S_IMODE(platform.local.stat().st_mode) == 0o700


def test_a_second_up_changes_nothing_and_reports_it(platform: Project) -> None:
    before = [s.pid for s in local.status(platform)]
    messages: list[str] = []
    assert local.up(platform, messages.append) == _endpoints(platform)
    assert "the local platform is up already" in messages
    assert [s.pid for s in local.status(platform)] == before


@pytest.mark.parametrize("service", ["jobmanager", "taskmanager"])
def test_java_can_use_the_archive_of_classes(platform: Project, service: str) -> None:
    (pid,) = (s.pid for s in local.status(platform) if s.name == service)
    java, *options = psutil.Process(pid).cmdline()
    assert any(option.startswith("-XX:SharedArchiveFile=") for option in options)
    before_the_class = options[: options.index("--configDir") - 1]
    # With this option, Java fails if it cannot use the archive.
    subprocess.run([java, "-Xshare:on", *before_the_class, "-version"], check=True, timeout=LIMIT_S)


def test_settings_that_flink_refuses_are_reported_with_its_words(platform: Project, tmp_path: Path) -> None:
    layout = Layout(platform.root / ".headrace", tmp_path)
    layout.flink_conf.mkdir()
    (layout.flink_conf / "config.yaml").write_text("taskmanager.memory.process.size: 3 bushels\n")
    with pytest.raises(PlatformError, match=r"Flink does not accept its settings: .*'bushels' does not match"):
        flink_java.command(layout, "taskmanager", 1)


def test_a_killed_taskmanager_is_back_and_its_orphaned_workers_are_gone(platform: Project) -> None:
    taskmanager, before = local.status(platform)[2], _taskmanagers(platform)
    worker = _marked_process(platform, "taskmanager")
    assert taskmanager.pid
    os.kill(taskmanager.pid, signal.SIGKILL)
    # The new one may be there before the JobManager misses the old one.
    _until(lambda: len(_taskmanagers(platform)) == 1 and before.isdisjoint(_taskmanagers(platform)))
    assert worker.wait(0) == -signal.SIGTERM
    assert local.status(platform)[2].restarts == taskmanager.restarts + 1


@pytest.mark.proof
def test_an_interrupted_up_leaves_nothing_running(platform: Project, tmp_path: Path) -> None:
    up = subprocess.Popen(
        [Path(sys.executable).parent / "headrace", "local", "up"],
        env={**os.environ, "HEADRACE_HOME": str(tmp_path)},
        cwd=platform.root,
        stderr=subprocess.PIPE,
        text=True,
    )
    started = Project(platform.root, tmp_path)
    try:
        _until(lambda: len(processes.find(started.local)) > 1)
        up.send_signal(signal.SIGINT)
        _, errors = up.communicate(timeout=LIMIT_S)
        assert up.returncode == 130, errors
        assert processes.find(started.local) == []
    finally:
        up.kill()
        local.down(started, print)


def test_two_platforms_run_side_by_side(platform: Project, other: Project) -> None:
    ours, theirs = _endpoints(platform), _endpoints(other)
    assert {ours.kafka, ours.flink}.isdisjoint({theirs.kafka, theirs.flink})
    assert len(_taskmanagers(platform)) == len(_taskmanagers(other)) == 1


def test_up_recovers_a_platform_whose_supervisor_died_and_whose_port_was_taken(other: Project) -> None:
    before = _endpoints(other)
    admin = AdminClient({"bootstrap.servers": before.kafka})
    admin.create_topics([NewTopic("kept", 1)])["kept"].result(LIMIT_S)
    services = [psutil.Process(s.pid) for s in local.status(other)]
    supervisord = services[0].parent()
    assert supervisord
    supervisord.kill()
    assert {s.state for s in local.status(other)} == {"LEFT BEHIND"}
    services[0].kill()
    processes.wait_for_end(services[:1], LIMIT_S)
    host, port = before.kafka.split(":")
    messages: list[str] = []
    with socket.create_server((host, int(port))):
        after = local.up(other, messages.append)
    assert any("left behind" in message for message in messages)
    assert any(f"port {port} (kafka) is taken by" in message for message in messages)
    assert after.kafka != before.kafka
    assert after.flink == before.flink
    assert "kept" in AdminClient({"bootstrap.servers": after.kafka}).list_topics(timeout=LIMIT_S).topics


def test_down_leaves_no_process_and_no_address_but_the_data(platform: Project, other: Project) -> None:
    assert local.down(other, print)
    assert processes.find(other.local) == []
    assert not (other.local / "kafka").exists()
    assert {s.state for s in local.status(other)} == {"DOWN"}
    assert not local.down(other, print)
    assert {s.state for s in local.status(platform)} == {"RUNNING"}


@pytest.mark.proof
def test_a_port_taken_during_the_start_is_named_with_its_process_and_the_log(
    other: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    local.down(other, print)
    record = Layout.of(other).ports
    port = ports.read(record).kafka
    monkeypatch.setattr(ports, "choose", lambda _: (ports.read(record), []))
    with socket.create_server((ports.HOST, port)), pytest.raises(PlatformError) as failure:
        local.up(other, print)
    taken, crashed = failure.value.problems
    assert taken.what == f"port {port} (kafka) is taken by {psutil.Process().name()} (pid {os.getpid()})"
    assert crashed.what.startswith("kafka does not stay up")
    assert processes.find(other.local) == []


def _endpoints(project: Project) -> local.Endpoints:
    return local.Endpoints(*((project.local / name).read_text().strip() for name in ("kafka", "flink")))


def _taskmanagers(project: Project) -> set[str]:
    """Return the ids of the TaskManagers that the JobManager knows."""
    cluster = Cluster(_endpoints(project).flink, Layout.of(project).rest_certificates)
    return {each["id"] for each in cluster.get("/taskmanagers")["taskmanagers"]}


def _marked_process(project: Project, service: str) -> subprocess.Popen[bytes]:
    """Start a process that has the marker of the service's own children."""
    marked = {**os.environ, processes.MARKER: str(project.local), processes.SERVICE: service}
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], env=marked)


def _until(condition: Callable[[], bool]) -> None:
    tenacity.Retrying(
        retry=tenacity.retry_if_result(lambda held: not held),
        stop=tenacity.stop_after_delay(LIMIT_S),
        wait=tenacity.wait_fixed(0.1),
    )(condition)
