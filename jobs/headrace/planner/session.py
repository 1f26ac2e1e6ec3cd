"""TableEnvironments on the session cluster, configured for exactly-once."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from headrace.environment import flink_tls
from headrace.environment.settings import Settings
from headrace.planner import gateway, own_functions
from headrace.planner import release as releases
from headrace.project import python_module
from headrace.project.job import Job
from headrace.project.paths import Project
from headrace_udfs.own_function import package

# Set before PyFlink starts its gateway: without it, a remote job's UDFs would run inside the submitting process and end
# with it.
os.environ["_python_worker_execution_mode"] = "process"  # noqa: SIM112 - PyFlink's own spelling

OPENLINEAGE = "io.openlineage.flink.listener.OpenLineageJobStatusChangedListenerFactory"
"""Class of the listener that reports jobs to an OpenLineage service."""


def table_environment(  # type: ignore[no-untyped-def]
    project: Project, settings: Settings, job: Job, parallelism: int
):
    """Return a StreamTableEnvironment that submits the job to the cluster of the settings."""
    options = {
        **job_options(job),
        **cluster_options(settings),
        # The submitting process reports what a job reads and writes, the cluster's own listener how the job ends.
        **({"execution.job-status-changed-listeners": OPENLINEAGE} if settings.flink.openlineage else {}),
        "parallelism.default": str(parallelism),
        "python.files": ",".join(map(str, shipped(project, job))),
    }
    return create_environment(project, options)


def create_environment(project: Project, options: Mapping[str, str]):  # type: ignore[no-untyped-def]
    """Return a StreamTableEnvironment with these Flink options. Raises PlatformError if Java does not start."""
    gateway.start(project)
    from pyflink.common import Configuration  # noqa: PLC0415 - importing PyFlink costs a second
    from pyflink.datastream import StreamExecutionEnvironment  # noqa: PLC0415
    from pyflink.table import EnvironmentSettings, StreamTableEnvironment  # noqa: PLC0415

    configuration = Configuration()
    for key, value in options.items():
        configuration.set_string(key, value)
    chosen = EnvironmentSettings.new_instance().in_streaming_mode().with_configuration(configuration).build()
    return StreamTableEnvironment.create(StreamExecutionEnvironment.get_execution_environment(configuration), chosen)


def cluster_options(settings: Settings) -> dict[str, str]:
    """Return the options that set where a job runs and how often it commits."""
    rest, tls = urlsplit(settings.flink_rest()), settings.flink_tls()
    return {
        **(flink_tls.client_options(tls) if tls else {}),
        "execution.target": "remote",
        "rest.address": str(rest.hostname),
        "rest.port": str(rest.port),
        "execution.checkpointing.interval": f"{settings.flink.checkpoint_interval_s * 1000:.0f} ms",
        "execution.checkpointing.mode": "EXACTLY_ONCE",
        # Set by the client, because the cluster's own setting does not reach a job. A failed job can then be restored.
        "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
    }


def job_options(job: Job) -> dict[str, str]:
    """Return the options that define a job's results, wherever it runs."""
    return {
        "pipeline.name": job.name,
        "table.local-time-zone": "UTC",
        # The default, the v1 sink, loses the rows of a writer that ends before the last checkpoint.
        "table.exec.iceberg.use-v2-sink": "true",
        # Good rows and dead letters share one decode only if Flink finds equal sub-plans by their digest.
        "table.optimizer.reuse-optimize-block-with-digest-enabled": "true",
        # A partition without readings must not keep the windows of all others open.
        "table.exec.source.idle-timeout": "30000 ms",
        **({"table.exec.state.ttl": f"{job.state_ttl // timedelta(milliseconds=1)} ms"} if job.state_ttl else {}),
        # A model scores twenty instants at the price of five, so it waits for some when there are many.
        **({"pipeline.auto-watermark-interval": "1000 ms"} if job.kind == "score" else {}),
        "pipeline.object-reuse": "true",
        # Flink cuts longer methods into parts, and then makes fields of all their variables, which costs a job that
        # only decodes a twelfth of its CPU. The default is 4,000. Java compiles methods of up to 8,000 bytes of code,
        # which no method of this length has.
        "table.generated-code.max-length": "16000",
        # Both default to 1,000, and the smaller one bounds the batch that a UDF gets.
        "python.fn-execution.bundle.size": "20000",
        "python.fn-execution.arrow.batch.size": "10000",
    }


def shipped(project: Project, job: Job) -> list[Path]:
    """Return the zips that are shipped with the job: the packages of its workers, and the functions that it names."""
    functions = [packed(project, folder, package(folder.name)) for folder in own_functions.folders(project, job)]
    return [*(packed(project, each, each.name) for each in packages(project, job)), *functions]


def packages(project: Project, job: Job) -> list[Path]:
    """Return the packages whose code, and the models next to it, are in the job's workers."""
    return [releases.functions_package(), *([python_module.package(project)] if job.runs else [])]


def packed(project: Project, folder: Path, name: str) -> Path:
    """Return a zip of the folder, in which it is called `name`.

    The zip's name has a digest: a restart runs the same code.
    """
    files = releases.package_files(folder)
    archived = project.home / "udfs" / f"{name}-{releases.content_digest(files)[:12]}.zip"
    if not archived.is_file():
        archived.parent.mkdir(parents=True, exist_ok=True)
        part = archived.with_suffix(f".{os.getpid()}")
        with zipfile.ZipFile(part, "w") as archive:
            for path, content in files.items():
                archive.writestr(f"{name}/{path}", content)
        part.replace(archived)
    return archived
