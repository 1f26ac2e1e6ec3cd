"""The argument of a Table API job's module: the functions of a template, returning Tables and values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from headrace.compose import render
from headrace.compose.invalid_call import InvalidCall
from headrace.compose.sql_text import Sql, duration
from headrace.compose.template_functions import TemplateFunctions
from headrace.errors import Problem, UserError
from headrace.planner.table_api import streams
from headrace.project import model_files, model_versions, yaml_file
from headrace.project.job import Param
from headrace.project.python_module import ModuleFile
from headrace.project.system_tables import ASSET_STATES
from headrace_udfs.scoring.stream import Scorer
from headrace_udfs.step_protocol import CatalogAddress

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

if TYPE_CHECKING:
    from pyflink.datastream import DataStream
    from pyflink.table import StreamTableEnvironment, Table

    from headrace_udfs.scoring.model import Model


class Inputs:
    """The job's inputs by their names in job.yaml. `environment` is for what only a TableEnvironment can do."""

    def __init__(self, environment: StreamTableEnvironment, calls: TemplateFunctions, module: ModuleFile) -> None:
        self.environment = environment
        self._calls, self._module = calls, module

    def sources(self) -> tuple[str, ...]:
        """Return the names of the sources that job.yaml reads, in its order."""
        return tuple(self._calls.folder.job.sources)

    def source(self, name: str) -> Table:
        """Return the topic's good records: the contract's fields, `ts`, `quality`, the steps' columns, the position."""
        return self._table(self._calls.source(name))

    def on_time(self, name: str) -> Table:
        """Return the same as `source` with `event_time` and the contract's watermark, without late records."""
        view = self._calls.on_time(name)
        if name not in self._calls.folder.on_time:
            what = f"{self._module.path.name} does not show before it runs that it reads '{name}' on time"
            raise InvalidCall(Problem(what, fix=f"write inputs.on_time('{name}') in it, with the name as a text"))
        return self._table(view)

    def table(self, name: str) -> Table:
        """Return an Iceberg table as it is when the job starts."""
        return self._table(self._calls.table(name))

    def ref(self, name: str, output: str | None = None) -> Table:
        """Return the Iceberg table that another job writes, followed as it grows."""
        return self._table(self._calls.ref(name, output))

    def param(self, name: str) -> Param:
        """Return the value under params: in job.yaml."""
        return self._calls.param(name)

    def duration(self, name: str) -> timedelta:
        """Return a param like 10m as a length of time. Raises UserError if it is not a valid one."""
        try:
            return duration(self.param(name))
        except ValueError as error:
            where = yaml_file.place(self._calls.folder.path / "job.yaml", ("params", name))
            raise UserError(f"param {error}", where) from None

    def var(self, name: str) -> Param:
        """Return the value under vars: in catalogs/<env>.yaml."""
        return self._calls.var(name)

    def model(self) -> Model:
        """Return the model of a score job. Raises UserError if its artefact is not the one that its card describes."""
        return self._model[0]

    def model_card(self) -> dict[str, Any]:
        """Return the model's card: `every_us`, `since` and `until` as ISO-8601 texts, `sha256`, and more."""
        return self._model[1]

    def model_pin(self) -> str:
        """Return the model's version as `<name>@<version>`."""
        if (pinned := self._calls.folder.job.model) is None:
            raise InvalidCall(Problem("the job has no model", fix="a job of kind: score has one"))
        return pinned

    def scorer(self) -> Scorer:
        """Return the model of a score job as it scores a stream. Raises UserError as `model` does."""
        card = self.model_card()
        begins = (datetime.fromisoformat(card["until"]) - _EPOCH) // timedelta(microseconds=1)
        return Scorer(self.model_pin(), self.model(), int(card["every_us"]), begins)

    def condensed(self, name: str) -> Table:
        """Return the packs of a score job's readings that are on time: condensed BYTES, event_time with watermarks."""
        return self._table(self._calls.source(name))

    def asset_states(self) -> CatalogAddress | None:
        """Return where workers find condition.asset_states and historian.tags; None if job.yaml does not read them."""
        if ASSET_STATES not in self._calls.folder.job.tables:
            return None
        catalog = self._calls.settings.catalog
        return CatalogAddress(catalog.name, catalog.pyiceberg())

    def to_stream(self, table: Table) -> DataStream:
        """Return the rows of the table as a stream, whose records have the table's event time if it has one.

        A timestamp finer than a millisecond becomes an int, in microseconds since 1970: PyFlink would refuse it.
        """
        return streams.to_stream(self.environment, table)

    def rows_of_sink(self, sent: DataStream, sink: str, row: str) -> Table:
        """Return the rows of the Arrow streams that `sent` has for a sink.

        sent: records of a STRING, the sink, and BYTES, the stream. row: the type of the rows as SQL has it, ROW<...>.
        """
        return streams.rows_of_sink(self.environment, sent, sink, row)

    @cached_property
    def _model(self) -> tuple[Model, dict[str, Any]]:
        project = self._calls.project
        return model_versions.load(project, model_files.exact(project, self.model_pin()))

    def _table(self, named: Sql) -> Table:
        return self.environment.sql_query(render.engine("all_of", table=named))
