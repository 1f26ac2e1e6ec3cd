"""What the module of a Table API job is given: the calls of a template, as Tables and values."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from headrace.compose import render
from headrace.compose.sql_text import Sql, duration
from headrace.compose.template_functions import Refused, TemplateFunctions
from headrace.errors import Problem, UserError
from headrace.planner.table_api import streams
from headrace.project import yaml_file
from headrace.project.job import Param
from headrace.project.python_module import ModuleFile

if TYPE_CHECKING:
    from pyflink.datastream import DataStream
    from pyflink.table import StreamTableEnvironment, Table


class Inputs:
    """What the job reads, by the names in its job.yaml. `environment` is for what has to be made of it in Flink."""

    def __init__(self, environment: StreamTableEnvironment, calls: TemplateFunctions, module: ModuleFile) -> None:
        self.environment = environment
        self._calls, self._module = calls, module

    def source(self, name: str) -> Table:
        """The topic's good records: the contract's fields, `ts`, `quality`, the steps' columns, the position."""
        return self._table(self._calls.source(name))

    def on_time(self, name: str) -> Table:
        """The same and `event_time`, with the contract's watermark, less what came late."""
        found = self._calls.on_time(name)
        if name not in self._module.on_time:
            what = f"that '{name}' is read on time is not to be seen in {self._module.path.name} before it runs"
            raise Refused(Problem(what, fix=f"write inputs.on_time('{name}') in it, with the name as a text"))
        return self._table(found)

    def table(self, name: str) -> Table:
        """An Iceberg table as it stands when the job starts."""
        return self._table(self._calls.table(name))

    def ref(self, name: str, output: str | None = None) -> Table:
        """The Iceberg table that another job writes, followed as it grows."""
        return self._table(self._calls.ref(name, output))

    def param(self, name: str) -> Param:
        """The value of params: in job.yaml."""
        return self._calls.param(name)

    def duration(self, name: str) -> timedelta:
        """The same as a length of time, of a text like 10m. Raises UserError where it is none."""
        try:
            return duration(self.param(name))
        except ValueError as error:
            where = yaml_file.place(self._calls.folder.path / "job.yaml", ("params", name))
            raise UserError(f"param {error}", where) from None

    def var(self, name: str) -> Param:
        """The value of vars: in catalogs/<env>.yaml."""
        return self._calls.var(name)

    def to_stream(self, table: Table) -> DataStream:
        """The rows of the table, each with its event time as the time of the record, if the table has one.

        A timestamp finer than a millisecond is an int in it, microseconds since 1970: PyFlink would refuse it.
        """
        return streams.to_stream(self.environment, table)

    def _table(self, named: Sql) -> Table:
        return self.environment.sql_query(render.engine("all_of", table=named))
