"""Read and write the throwaway table with Flink, on the environment's session cluster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from headrace.compose import render
from headrace.environment.flink_rest import Cluster
from headrace.environment.java_errors import root_cause
from headrace.environment.settings import Settings
from headrace.errors import PlatformError
from headrace.operations import preflight
from headrace.operations.catalog_check.throwaway import COLUMN, compare
from headrace.planner.session import cluster_options, create_environment
from headrace.project.paths import Project
from headrace_udfs.references import resolve_in_sql

LIMIT_S = 120
ADDED = 10


class InFlink:
    """The table `name` of the settings' catalog; each method raises PlatformError or UserError if it fails."""

    def __init__(self, project: Project, settings: Settings, name: str) -> None:
        self._project, self._settings = project, settings
        self._path = f"{settings.catalog.name}.{name}"

    def check_reads(self, expected: list[int]) -> None:
        """Read the table in a job on the cluster. Raises PlatformError if the values are not the expected ones."""
        environment = self._environment()
        with _errors_reported():
            result = environment.from_path(self._path).execute()
            result.wait(LIMIT_S * 1000)
            with result.collect() as rows:
                values = [row[0] for row in rows]
        compare("Flink", values, expected)

    def append(self) -> None:
        """Have a job on the cluster append each value plus ADDED, and commit."""
        from pyflink.table.expressions import col  # noqa: PLC0415 - imports PyFlink

        environment = self._environment()
        with _errors_reported():
            more = environment.from_path(self._path).select((col(COLUMN) + ADDED).alias(COLUMN))
            more.execute_insert(self._path).wait(LIMIT_S * 1000)

    def _environment(self) -> Any:
        preflight.check_slots(Cluster.of(self._settings), 1)
        options = {
            **cluster_options(self._settings),
            "parallelism.default": "1",
            "pipeline.name": "headrace catalog check",
            "table.exec.iceberg.use-v2-sink": "true",
        }
        environment = create_environment(self._project, options)
        catalog = self._settings.catalog
        with _errors_reported():
            environment.execute_sql(
                resolve_in_sql(render.engine("catalog", name=catalog.name, options=catalog.flink()))
            )
        return environment


@contextmanager
def _errors_reported() -> Iterator[None]:
    from py4j.protocol import Py4JJavaError  # noqa: PLC0415 - comes with PyFlink
    from pyflink.util.exceptions import JavaException  # noqa: PLC0415

    try:
        yield
    except (Py4JJavaError, JavaException) as error:
        raise PlatformError(f"Flink: {root_cause(str(error))}") from None
