"""Compile a job with Flink, without a broker, catalog or cluster: against empty tables in a scratch catalog."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any

from headrace.authoring.diff.side import Side
from headrace.compose.connectors import LiveConnectors
from headrace.compose.job_statements import Composition, compose
from headrace.environment.apply import table_changes
from headrace.environment.catalog_types import SqliteCatalog
from headrace.environment.settings import Settings
from headrace.planner import planning, session
from headrace.project.paths import Project

UNCHECKED = (
    "Flink planned against empty tables created from sql/_tables/, without a broker: whether topics match their "
    "contracts was not checked"
)


@dataclass(frozen=True)
class Compiled:
    """Flink's compiled plan, as its JSON, and for each sink the columns of its SELECT with their Flink types.

    `plan` is None for a Table API job: Flink cannot compile a plan that passes through a DataStream.
    """

    plan: Mapping[str, Any] | None
    columns: Mapping[str, Mapping[str, str]]


class Compiler:
    """Compiles jobs of several sides of a project with the Flink of `home`; each side's tables are created once.

    A context manager: its scratch catalogs are deleted at the end.
    """

    def __init__(self, home: Project) -> None:
        self._home = home
        self._stack = ExitStack()
        self._scratch: dict[Project, Settings] = {}

    def __enter__(self) -> Compiler:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def compiled(self, side: Side) -> Compiled:
        """Compile the job. Raises UserError for what Flink rejects, each problem at its line; PlatformError."""
        if side.project not in self._scratch:
            self._scratch[side.project] = self._stack.enter_context(_scratch(side.settings))
        settings = self._scratch[side.project]
        table_changes.apply(side.project, settings, side.tables)
        composition = compose(side.project, settings, side.folder, LiveConnectors(settings))
        environment = session.create_environment(self._home, session.job_options(side.folder.job))
        plan = planning.plan(environment, composition)
        return Compiled(plan.compiled, _columns(environment, composition))


@contextmanager
def _scratch(settings: Settings) -> Iterator[Settings]:
    """Yield these settings with an empty catalog, which is deleted at the end, and no broker."""
    with TemporaryDirectory(prefix="headrace-plan-") as folder:
        catalog = SqliteCatalog(
            type="sqlite",
            name=settings.catalog.name,
            path=str(Path(folder) / "catalog.db"),
            warehouse=(Path(folder) / "warehouse").as_uri(),
        )
        yield settings.model_copy(update={"catalog": catalog, "kafka": {"bootstrap.servers": "nowhere:9092"}})


def _columns(environment, composition: Composition) -> dict[str, dict[str, str]]:  # type: ignore[no-untyped-def]
    columns = {}
    for sink, select in composition.selects.items():
        schema = environment.sql_query(select.sql).get_resolved_schema()._j_resolved_schema
        names, types = schema.getColumnNames(), schema.getColumnDataTypes()
        columns[sink] = {str(name): str(kind.toString()) for name, kind in zip(names, types, strict=True)}
    return columns
