"""A Flink cluster inside the planner's own JVM: real operators and real state, without starting a process."""

from __future__ import annotations

import tempfile
from pathlib import Path
from types import TracebackType

from headrace.planner import gateway, session
from headrace.planner.in_process.worker import WorkerThreads
from headrace.project.job import Job
from headrace.project.paths import Project

_SLOTS = 16
_HOST = "127.0.0.1"
_OPTIONS = {
    # By default, its REST API and its server of files listen on all addresses of the machine.
    "rest.address": _HOST,
    "rest.bind-address": _HOST,
    "jobmanager.bind-host": _HOST,
    "headrace.rest.hosts": f"{_HOST};localhost",
    "rest.port": "0",
    "rest.bind-port": "0",
    "taskmanager.memory.managed.size": "256m",
    "metrics.fetcher.update-interval": "500",
}


class MiniCluster:
    """A context manager that runs the cluster. `folder` holds files of its jobs and is deleted at the end."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def __enter__(self) -> MiniCluster:
        self._scratch = tempfile.TemporaryDirectory(prefix="headrace-cases-")
        self.folder = Path(self._scratch.name)
        jvm = gateway.start(self._project).jvm
        self._workers = WorkerThreads(self.folder)
        runtime = jvm.org.apache.flink
        options = runtime.configuration.Configuration()
        for key, value in _OPTIONS.items():
            options.setString(key, value)
        builder = runtime.runtime.minicluster.MiniClusterConfiguration.Builder()
        builder.setConfiguration(options).setNumTaskManagers(1).setNumSlotsPerTaskManager(_SLOTS)
        self._cluster = runtime.runtime.minicluster.MiniCluster(builder.build())
        self._cluster.start()
        self._rest = self._cluster.getRestAddress().get()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._cluster.close()
        self._workers.close()
        self._scratch.cleanup()

    @property
    def rest(self) -> str:
        """The base address of its REST API."""
        return f"http://{self._rest.getHost()}:{self._rest.getPort()}"

    def environment(self, job: Job, **options: str):  # type: ignore[no-untyped-def]
        """Return a pyflink TableEnvironment that runs the job here, in one slot, so that rows keep their order."""
        # Each reading moves the watermark at once, independent of the clock.
        at_once = {"pipeline.auto-watermark-interval": "0 ms"}
        return session.create_environment(
            self._project, {**session.job_options(job), **self.options, **at_once, **options}
        )

    @property
    def options(self) -> dict[str, str]:
        """Flink's options with which an environment runs a job here, in one slot."""
        return {
            "execution.target": "remote",
            "rest.address": self._rest.getHost(),
            "rest.port": str(self._rest.getPort()),
            "parallelism.default": "1",
            "python.executable": str(self.workers),
        }

    @property
    def workers(self) -> Path:
        """The program that Flink starts as Python."""
        return self._workers.program
