"""Compose contracts, steps and SELECTs into every statement that one job gives to Flink, in order, as text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from headrace.compose import encoded_values, function_names, render, topic_tables
from headrace.compose.connectors import Connectors, Options
from headrace.compose.encoded_values import VALUE, EncodedValue
from headrace.compose.render import Templates
from headrace.compose.source_map import Rendered
from headrace.compose.source_tables import Source, source
from headrace.compose.sql_text import Sql
from headrace.compose.template_functions import TemplateFunctions, versions_view
from headrace.compose.topic_tables import WrittenTopic
from headrace.environment.settings import Settings
from headrace.project import source_files, table_files, topic_files
from headrace.project.job import TOPIC, Job
from headrace.project.job_folder import JobFolder
from headrace.project.paths import Project
from headrace.project.table import Table
from headrace.project.topic import HEADERS, Topic
from headrace_udfs.look_up import LookUp


@dataclass(frozen=True)
class Sink:
    """A sink of the job: its path in SQL, and for each of its columns whether it is required."""

    path: str
    columns: Mapping[str, bool]
    headers: tuple[str, ...] = ()
    """The columns that become headers of a message."""
    encoded: EncodedValue | None = field(default=None, repr=False)
    """The function that makes the value of a message, unless that is JSON."""
    typed: str | None = field(default=None, repr=False)
    """The table that has the columns with their types, if it is not the one at `path`."""


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
        target = self.sinks[sink]
        headers = [name for name in columns if name in target.headers]
        own = [name for name in columns if name not in headers]
        encoded = target.encoded
        if encoded:
            own = [name for name in own if name in encoded.left]
        select = render.engine(
            "columns_of",
            table=selected_view(sink),
            columns=own,
            value=encoded.call(columns) if encoded else None,
            name_of_value=VALUE,
            headers=headers,
            name_of_headers=HEADERS,
        )
        into = [*own, *([VALUE] if encoded else []), *([HEADERS] if headers else [])]
        return render.engine("insert", sink=target.path, columns=into, select=Sql(select))

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
    written = [_written(project, settings, job, name, connectors) for name in topics]
    keys = {
        **{TOPIC + name: tuple(topic.key) for name, topic in topics.items()},
        **{name: tuple(table.key) for name, table in tables.items()},
    }
    sinks = {
        **{
            TOPIC + name: Sink(each.table, _required(topic), each.headers, each.encoded, each.typed)
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
        (*connectors.catalog(), *(each for topic in written for each in topic.statements), *versions),
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


def _written(project: Project, settings: Settings, job: Job, name: str, connectors: Connectors) -> WrittenTopic:
    topic, mode = topic_files.load(project, name), job.writes[TOPIC + name]
    options = connectors.writing(job, topic, mode)
    registry = settings.schema_registry.address() if settings.schema_registry else None
    number = registry if topic_tables.is_live(options) else encoded_values.NUMBER
    encoded = encoded_values.encoded_value(name, topic, topic_files.encoding(project, name), number)
    return topic_tables.written_topic(name, topic, mode, options, encoded)


def _required(described: Topic | Table) -> dict[str, bool]:
    return {name: column.required for name, column in described.columns.items()}
