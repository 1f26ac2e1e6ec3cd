"""The Flink cluster in the planner's JVM, which can start while Python imports and reads what is to run on it."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import Any

from headrace.planner import gateway
from headrace.project.paths import Project

_SLOTS = 16
HOST = "127.0.0.1"
_OPTIONS = {
    # By default, its REST API and its server of files listen on all addresses of the machine.
    "rest.address": HOST,
    "rest.bind-address": HOST,
    "jobmanager.bind-host": HOST,
    "headrace.rest.hosts": f"{HOST};localhost",
    "rest.port": "0",
    "rest.bind-port": "0",
    "taskmanager.memory.managed.size": "256m",
    "metrics.fetcher.update-interval": "500",
}
_early: list[Future[Any]] = []


def start_early(project: Project) -> None:
    """Start Java and a cluster in a thread. The next `started` returns that cluster, or why it did not start."""
    if not _early:
        _early.append(_in_thread(project))


def started(project: Project) -> Future[Any]:
    """Return a cluster, Java's MiniCluster, that runs or starts: the one that has been started early, or a new one."""
    return _early.pop() if _early else _in_thread(project)


def _in_thread(project: Project) -> Future[Any]:
    # Two threads must not be the first ones to import these.
    from pyflink import java_gateway  # noqa: F401, PLC0415

    from headrace.planner import java_names  # noqa: F401, PLC0415

    cluster: Future[Any] = Future()

    def start() -> None:
        try:
            cluster.set_result(_start(project))
        except BaseException as error:  # also SystemExit, by which PyFlink says that there is no Flink
            cluster.set_exception(error)

    # A command that ends with an error does not wait for it: Java ends with this process.
    threading.Thread(target=start, name="headrace-flink", daemon=True).start()
    return cluster


def _start(project: Project):  # type: ignore[no-untyped-def]
    runtime = gateway.start(project).jvm.org.apache.flink
    options = runtime.configuration.Configuration()
    for key, value in _OPTIONS.items():
        options.setString(key, value)
    builder = runtime.runtime.minicluster.MiniClusterConfiguration.Builder()
    builder.setConfiguration(options).setNumTaskManagers(1).setNumSlotsPerTaskManager(_SLOTS)
    cluster = runtime.runtime.minicluster.MiniCluster(builder.build())
    cluster.start()
    return cluster
