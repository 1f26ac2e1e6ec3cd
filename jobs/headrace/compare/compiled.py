"""A job as Flink compiles it, with no broker, catalog or cluster there: against empty tables of its own."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any

from headrace import planning, session, tables
from headrace.cluster import root_cause
from headrace.compare.side import Side
from headrace.compose import Composition, compose
from headrace.ends import Live
from headrace.errors import PlatformError
from headrace.project import Project
from headrace.settings import Settings, SqliteCatalog

UNCHECKED = (
    "Flink planned against empty tables made from sql/_tables/, without a broker: whether topics hold what their "
    "contracts say was not looked at"
)
_JAVA_OPTIONS = "JVM_ARGS"


@dataclass(frozen=True)
class Compiled:
    """Flink's compiled plan, as its JSON; the columns that each SELECT gives its sink, and their Flink types.

    There is no plan of a Table API job: Flink compiles none of what passes through a DataStream.
    """

    plan: Mapping[str, Any] | None
    columns: Mapping[str, Mapping[str, str]]


class Compiler:
    """Compiles jobs of several sides of a project, each side's tables made once; Flink itself is `home`'s.

    To be used as a context: what it makes goes at its end.
    """

    def __init__(self, home: Project) -> None:
        self._home = home
        self._made = ExitStack()
        self._scratch: dict[Project, Settings] = {}

    def __enter__(self) -> Compiler:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._made.close()

    def compiled(self, side: Side) -> Compiled:
        """Compile the job. Raises UserError for what Flink refuses, each thing at its place; PlatformError."""
        if side.project not in self._scratch:
            self._scratch[side.project] = self._made.enter_context(_scratch(side.settings))
        settings = self._scratch[side.project]
        tables.apply(side.project, settings, side.tables)
        composition = compose(side.project, settings, side.folder, Live(settings))
        _start_java(self._home)
        environment = session.made_of(self._home, session.job_options(side.folder.job))
        statements = planning.statement_set(environment, composition)
        columns = _columns(environment, composition)
        if side.folder.module:
            return Compiled(None, columns)
        with planning.refusals_told(composition):
            text = statements._j_statement_set.compilePlan().asJsonString()
        return Compiled(json.loads(text), columns)


def _start_java(home: Project) -> None:
    """Have PyFlink start its Java, where it runs none, for a life too short to compile code that runs fast.

    Planning costs half as much that way. Raises PlatformError where it does not start.
    """
    os.environ.setdefault("FLINK_HOME", str(home.root / ".headrace" / "flink"))
    from pyflink.java_gateway import get_gateway  # noqa: PLC0415 - importing PyFlink costs a second

    before = os.environ.get(_JAVA_OPTIONS)
    os.environ[_JAVA_OPTIONS] = f"{before or ''} -XX:TieredStopAtLevel=1 -XX:+UseSerialGC".strip()
    try:
        get_gateway()
    except RuntimeError as error:
        what = f"Java does not start: {root_cause(str(error))}"
        raise PlatformError(what, os.environ["FLINK_HOME"], "set the project up: ./run") from None
    finally:
        # Flink's own scripts read it too, and what they start lives long.
        os.environ.pop(_JAVA_OPTIONS)
        if before is not None:
            os.environ[_JAVA_OPTIONS] = before


@contextmanager
def _scratch(settings: Settings) -> Iterator[Settings]:
    """Settings like these with an empty catalog, which goes at the end, and no broker."""
    with TemporaryDirectory(prefix="headrace-plan-") as folder:
        catalog = SqliteCatalog(
            type="sqlite",
            name=settings.catalog.name,
            path=str(Path(folder) / "catalog.db"),
            warehouse=(Path(folder) / "warehouse").as_uri(),
        )
        yield settings.model_copy(update={"catalog": catalog, "kafka": {"bootstrap.servers": "nowhere:9092"}})


def _columns(environment, composition: Composition) -> dict[str, dict[str, str]]:  # type: ignore[no-untyped-def]
    made = {}
    for sink, select in composition.selects.items():
        schema = environment.sql_query(select.sql).get_resolved_schema()._j_resolved_schema
        names, types = schema.getColumnNames(), schema.getColumnDataTypes()
        made[sink] = {str(name): str(kind.toString()) for name, kind in zip(names, types, strict=True)}
    return made
