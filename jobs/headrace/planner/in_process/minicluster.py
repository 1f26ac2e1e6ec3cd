"""A Flink cluster inside the planner's own JVM: real operators and real state, without starting a process."""

from __future__ import annotations

import tempfile
from pathlib import Path
from types import TracebackType

from headrace.planner import gateway, session
from headrace.planner.in_process import java_cluster, worker
from headrace.project.job import Job
from headrace.project.paths import Project


class MiniCluster:
    """A context manager that runs the cluster. `folder` holds files of its jobs and is deleted at the end."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def __enter__(self) -> MiniCluster:
        self._scratch = tempfile.TemporaryDirectory(prefix="headrace-cases-")
        self.folder = Path(self._scratch.name)
        starting = java_cluster.started(self._project)
        worker.load()
        self._cluster = starting.result()
        self._rest = self._cluster.getRestAddress().get()
        self._seconds = gateway.start(self._project).jvm.java.util.concurrent.TimeUnit.SECONDS
        self._workers = worker.WorkerThreads(self.folder)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._cluster.close()
        self._workers.close()
        self._scratch.cleanup()

    def wait(self, result, limit_s: float) -> None:  # type: ignore[no-untyped-def]
        """Wait until the job of a pyflink TableResult has ended. Raises pyflink's exceptions, as `result.wait` does."""
        # The result asks for the end at intervals, which grow up to 2 s; the cluster says when it is.
        job_id = result.get_job_client().get_job_id()._j_job_id
        self._cluster.requestJobResult(job_id).get(round(limit_s), self._seconds)
        result.wait(round(limit_s * 1000))

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
