"""A TableEnvironment on the session cluster, with what a job needs to lose and double nothing."""

from __future__ import annotations

import hashlib
import os
import zipfile
from pathlib import Path
from urllib.parse import urlsplit

import headrace_udfs
from headrace.project import Project
from headrace.settings import Settings

# Set before PyFlink starts its gateway: without it, a remote job's UDFs run inside the submitting process and
# end with it.
os.environ["_python_worker_execution_mode"] = "process"  # noqa: SIM112 - PyFlink's own spelling


def table_environment(project: Project, settings: Settings, name: str, parallelism: int):  # type: ignore[no-untyped-def]
    """A pyflink StreamTableEnvironment that submits to the settings' cluster under the job name `name`."""
    os.environ.setdefault("FLINK_HOME", str(project.root / ".headrace" / "flink"))
    from pyflink.common import Configuration  # noqa: PLC0415 - importing PyFlink costs a second: only who submits pays
    from pyflink.table import EnvironmentSettings, TableEnvironment  # noqa: PLC0415

    configuration = Configuration()
    for key, value in {**_options(settings), "pipeline.name": name, "parallelism.default": str(parallelism)}.items():
        configuration.set_string(key, value)
    chosen = EnvironmentSettings.new_instance().in_streaming_mode().with_configuration(configuration).build()
    environment = TableEnvironment.create(chosen)
    environment.add_python_file(str(_packed_udfs(project)))
    return environment


def _options(settings: Settings) -> dict[str, str]:
    rest = urlsplit(settings.flink_rest())
    return {
        "execution.target": "remote",
        "rest.address": str(rest.hostname),
        "rest.port": str(rest.port),
        "execution.checkpointing.interval": f"{settings.flink.checkpoint_interval_s * 1000:.0f} ms",
        "execution.checkpointing.mode": "EXACTLY_ONCE",
        "table.local-time-zone": "UTC",
        # The v1 sink, the default, loses the rows of a writer that ends before the last checkpoint.
        "table.exec.iceberg.use-v2-sink": "true",
        # Good rows and dead letters share one decode only where equal sub-plans are found by digest.
        "table.optimizer.reuse-optimize-block-with-digest-enabled": "true",
        "pipeline.object-reuse": "true",
        # Both default to 1,000, and the smaller of them bounds the batch that a UDF gets.
        "python.fn-execution.bundle.size": "20000",
        "python.fn-execution.arrow.batch.size": "10000",
    }


def _packed_udfs(project: Project) -> Path:
    """The UDF package as a zip that travels with the job, named by its contents: a restart runs the same code."""
    package = Path(headrace_udfs.__file__).parent
    files = sorted(package.rglob("*.py"))
    digest = hashlib.sha256(b"".join(f.read_bytes() for f in files)).hexdigest()[:12]
    packed = project.home / "udfs" / f"headrace_udfs-{digest}.zip"
    if not packed.is_file():
        packed.parent.mkdir(parents=True, exist_ok=True)
        part = packed.with_suffix(f".{os.getpid()}")
        with zipfile.ZipFile(part, "w") as archive:
            for file in files:
                archive.write(file, file.relative_to(package.parent))
        part.replace(packed)
    return packed
