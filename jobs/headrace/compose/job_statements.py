"""Compose contracts, steps and SELECTs into every statement that one job gives to Flink, in order, as text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from headrace.compose import function_names, render, topic_tables
from headrace.compose.connectors import Connectors, Options
from headrace.compose.render import Templates
from headrace.compose.source_map import Rendered
from headrace.compose.source_tables import Source, source
from headrace.compose.sql_text import Sql
from headrace.compose.template_functions import TemplateFunctions, versions_view
from headrace.compose.topic_tables import WrittenTopic
from headrace.environment.settings import Settings
from headrace.project import source_files, table_files, topic_files
from headrace.project.job import TOPIC
from headrace.project.job_folder import JobFolder
from headrace.project.paths import Project
from headrace.project.table import Table
from headrace_udfs.look_up import LookUp


@dataclass(frozen=True)
class Sink:
    """A sink of the job: its path in SQL, and for each of its columns whether it is required."""

    path: str
    columns: Mapping[str, bool]
    headers: tuple[str, ...] = ()
    """The columns that become headers of a message."""


@dataclass(frozen=True)
class Composition:
    """A job as Flink gets it. `${env:NAME}` and `${file:PATH}` references are left unresolved in the text."""

    folder: JobFolder
    connections: tuple[str, ...]
    """The statements that create the catalog, the topics written, and the tables joined as of a time."""
    sources: tuple[Source, ...]
    views: Mapping[str, Rendered]
    selects: Mapping[str, Rendered]
    sinks: Mapping[str, Sink]
    keys: Mapping[str, tuple[str, ...]]
    """The key of each sink that is written by upsert."""
    topics: tuple[WrittenTopic, ...]
    """The topics that the job writes."""
    functions: TemplateFunctions
    """The functions that a module can call."""
    look_ups: tuple[LookUp, ...] = ()
    """What the job's SELECTs look up in the memory of workers."""

    def setup(self) -> list[str]:
        """Return the statements that come before the job's own views: its catalog, topics and sources."""
        tables = [source.tables for source in self.sources]
        return [*self.connections, *(text for each in tables for text in (*each.created, *each.views))]

    def view_of(self, sink: str) -> str:
        """Return the statement that creates the view `selected_view(sink)` of the sink's SELECT."""
        return render.engine("view", view=selected_view(sink), select=Sql(self.selects[sink].sql))

    def insert_of_view(self, sink: str, columns: list[str]) -> str:
        """Return the INSERT of `columns` of the view `selected_view(sink)`, which has the rows of the sink's SELECT.

        Flink validates the query of an INSERT that lists columns twice, and the second time does not find tables that
        MATCH_RECOGNIZE or a WITH inside FROM has named. It validates the query of a view once.
        """
        headers = [name for name in columns if name in self.sinks[sink].headers]
        own = [name for name in columns if name not in headers]
        values = {"columns": own, "headers": headers, "name_of_headers": topic_files.HEADERS}
        select = Sql(render.engine("columns_of", table=selected_view(sink), **values))
        into = [*own, *([topic_files.HEADERS] if headers else [])]
        return render.engine("insert", sink=self.sinks[sink].path, columns=into, select=select)

    def leftovers(self) -> list[str]:
        """Return the INSERTs of the records that reach no SELECT of the job."""
        return [insert for source in self.sources for insert in source.tables.leftovers.values()]


def compose(project: Project, settings: Settings, folder: JobFolder, connectors: Connectors) -> Composition:
    """Return the job, composed for its `connectors`. Raises UserError for faults in its files."""
    job = folder.job
    templates = _templates(project, settings, folder, connectors.follow)
    function_names.check(project, folder, {**templates.views, **templates.sinks})
    sources = tuple(
        source(
            project, settings, job, name, connectors, on_time=name in templates.on_time, by_module=bool(folder.module)
        )
        for name in job.sources
    )
    topics = {name: topic_files.load(project, name) for name in job.topics_written}
    tables = table_files.pick(project, job.tables_written)
    written = [
        topic_tables.written_topic(name, topic, mode, connectors.writing(job, topic, mode))
        for name, topic in topics.items()
        for mode in [job.writes[TOPIC + name]]
    ]
    keys = {
        **{TOPIC + name: tuple(topic.key) for name, topic in topics.items()},
        **{name: tuple(table.key) for name, table in tables.items()},
    }
    sinks = {
        **{
            TOPIC + name: Sink(each.table, _required(topic), each.headers)
            for (name, topic), each in zip(topics.items(), written, strict=True)
        },
        **{name: Sink(f"{settings.catalog.name}.{name}", _required(table)) for name, table in tables.items()},
    }
    versions = [
        render.engine("versions", view=versions_view(name), table=f"{settings.catalog.name}.{name}")
        for name in sorted(templates.versions)
    ]
    functions = TemplateFunctions(project, settings, folder, connectors.follow)
    return Composition(
        folder,
        (*connectors.catalog(), *(each.statement for each in written), *versions),
        sources,
        templates.views,
        templates.sinks,
        sinks,
        {name: key for name, key in keys.items() if job.writes[name] == "upsert"},
        tuple(written),
        functions,
        templates.look_ups,
    )


def leftover_tables(project: Project, settings: Settings, folder: JobFolder) -> list[str]:
    """Return the tables for records that reach no SELECT: those without a row, and late readings if any can be late."""
    late = [folder.job.late_table] if _templates(project, settings, folder, {}).on_time else []
    return [*source_files.refused_tables(project, folder.job.sources), *late] if folder.job.sources else []


def module_view(sink: str) -> str:
    """Return the name of the view over the Table that a job's module returns for the sink."""
    return f"{_plain_name(sink)}__of_module"


def selected_view(sink: str) -> str:
    """Return the name of the view that has the rows of the sink's SELECT."""
    return f"{_plain_name(sink)}__selected"


def _plain_name(sink: str) -> str:
    return sink.replace("/", "_").replace(".", "_")


def _templates(project: Project, settings: Settings, folder: JobFolder, follow: Options) -> Templates:
    """Return the job's templates, rendered; for a module, a `SELECT *` from the view of each Table that it returns."""
    templates = render.job(project, settings, folder, follow)
    if folder.module is None:
        return templates
    selects = {sink: render.engine("all_of", table=module_view(sink)) for sink in folder.job.writes}
    sinks = {sink: Rendered(select, (1,)) for sink, select in selects.items()}
    return replace(templates, sinks=sinks, on_time=folder.on_time)


def _required(described: topic_files.Topic | Table) -> dict[str, bool]:
    return {name: column.required for name, column in described.columns.items()}
