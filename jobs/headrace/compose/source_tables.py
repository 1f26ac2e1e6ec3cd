"""The Flink tables and views of a topic that a job reads, and the INSERTs of what reaches no SELECT of the job.

Most jobs read packs: a row of Flink's source is what one poll of Kafka returned, and Python answers with Arrow streams,
which `arrow_rows` opens. Windows in SQL need an event time in the source's own rows, so their jobs read a row per
message (decision 14).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from headrace.compose import dictionary_tables, render
from headrace.compose.connectors import Connectors, Spread
from headrace.compose.dictionary_tables import NamedViews
from headrace.compose.sql_text import Sql, interval
from headrace.compose.template_functions import on_time_view
from headrace.environment.settings import Settings
from headrace.errors import Place, Problem, UserError
from headrace.project import source_files
from headrace.project.job import SCORE, Job
from headrace.project.paths import Project
from headrace.project.system_tables import DEAD_LETTERS, MARKERS, POSITION
from headrace_udfs import session_rows, stream_types
from headrace_udfs.contract import Contract
from headrace_udfs.contract_privacy import Handling
from headrace_udfs.key_ring import KeyRing
from headrace_udfs.pipeline import ERRORS, Pipeline
from headrace_udfs.sealed import SEALED
from headrace_udfs.step_protocol import CatalogAddress
from headrace_udfs.steps import STEPS
from headrace_udfs.stream_types import Types

_ORIGIN = [*POSITION, "src_ts", "job", "version"]
_DEAD_COLUMNS = ["payload", "code", "message", "stage", *_ORIGIN, "dead_at"]
_MARKER_COLUMNS = ["code", *_ORIGIN, "marked_at"]
_REFUSED = {DEAD_LETTERS: _DEAD_COLUMNS, MARKERS: _MARKER_COLUMNS}
_LATE_COLUMNS = ["payload", "key", "ts", "watermark", *_ORIGIN, "late_at"]


@dataclass(frozen=True)
class Tables:
    """The statements of a source.

    created: those that create the table of the topic, and what all readers in a job with a module share: `shared`.
    views: those that create the other views. leftovers: INSERTs of the records that reach no SELECT of the job, by
    table: dead letters, late readings. packed: whether the functions take packs of messages, and return streams.
    timed: the first view, if its event time becomes a time attribute by a conversion to a DataStream and back.
    held: the views all whose readers must share what they read.
    """

    created: tuple[str, ...]
    shared: str
    views: tuple[str, ...]
    leftovers: Mapping[str, str]
    packed: bool = False
    timed: str | None = None
    held: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """A topic that the job reads, and the functions that decode it."""

    contract: Contract
    function: str
    pipeline: Pipeline
    spread: Spread
    lateness: timedelta | None
    """How late a reading may be, if the job asks for those on time."""
    tables: Tables


@dataclass(frozen=True)
class _Parts:
    """What the tables of a source are made from."""

    project: Project
    settings: Settings
    job: Job
    name: str
    contract: Contract
    pipeline: Pipeline
    connectors: Connectors
    lateness: timedelta | None

    @property
    def function(self) -> str:
        """The first part of the names of the functions that decode the source."""
        return f"ingest_{self.name}"

    @property
    def origin(self) -> dict[str, str | int]:
        """The job's name and version, which stand in leftovers."""
        return {"job": self.job.name, "version": self.job.version}

    @property
    def markers(self) -> list[str]:
        """The codes of what has no reading by design."""
        return [code.value for code in self.contract.markers]

    def refused(self, **decoded: str | Sql) -> dict[str, str]:
        """Return the SELECTs of the records that have no row, by table. decoded: what holds all of them."""
        values = {**decoded, **self.origin, "markers": self.markers}
        marked = {MARKERS: render.engine("markers", **values)} if self.markers else {}
        return {DEAD_LETTERS: render.engine("dead_letters", **values), **marked}

    def payload(self, handling: Handling) -> Sql:
        """Return what is stored of a payload of a table that has a row per message, as SQL."""
        return Sql(render.engine("stored_payload", handling=handling, function=f"{self.function}_{SEALED}"))

    def source(self, tables: Tables) -> Source:
        """Return the source with these statements."""
        spread = self.connectors.spread(self.name)
        return Source(self.contract, self.function, self.pipeline, spread, self.lateness, tables)

    def leftover(self, table: str, columns: list[str], select: str) -> str:
        """Return the INSERT of a leftover."""
        sink = f"{self.settings.catalog.name}.{table}"
        return render.engine("insert", sink=sink, columns=columns, select=Sql(select))


def source(
    project: Project,
    settings: Settings,
    job: Job,
    name: str,
    connectors: Connectors,
    *,
    on_time: bool,
    by_module: bool,
) -> Source:
    """Return the source `name` of the job. on_time: whether the job asks for the readings that are on time.

    by_module: whether a module reads it, not SQL. Raises UserError for faults in the contract and the steps.
    """
    contract = source_files.load(project, name)
    dictionary_tables.check(project, job, name, contract)
    address = CatalogAddress(settings.catalog.name, settings.catalog.pyiceberg())
    _check_keys(project, name, contract, connectors.keys)
    schemas = connectors.schemas(name) if contract.registered else None
    try:
        steps = [STEPS[step]() for step in job.steps]
        pipeline = Pipeline(contract, steps, address, connectors.now, schemas, key_ring=connectors.keys)
    except ValueError as error:
        raise UserError(f"steps: {error}", Place.of(project.sql / job.name / "job.yaml")) from None
    lateness = contract.watermark.lateness if on_time and contract.watermark else None
    parts = _Parts(project, settings, job, name, contract, pipeline, connectors, lateness)
    return _by_message(parts, lateness) if lateness and not by_module else _packed(parts)


def _check_keys(project: Project, name: str, contract: Contract, keys: KeyRing) -> None:
    """Raise UserError with each key that the contract needs and the environment does not have."""
    missing = [key for key in contract.key_names if key not in keys.references]
    if missing:
        place, known = Place.of(project.sql / "_sources" / f"{name}.yaml"), ", ".join(keys.references) or "none"
        fix = "add it to the environment's file in catalogs/: keys: {%s: {1: ${file:PATH}}}"
        raise UserError(
            [Problem(f"the environment has no key '{key}'; it has: {known}", place, fix % key) for key in missing]
        )


def _packed(parts: _Parts) -> Source:
    name, timed = parts.name, parts.lateness is not None
    packs, shared = f"{name}__packs", f"{name}__streams"
    kinds = ["good", "letters", *(["late"] if timed else []), *(["sessions"] if parts.pipeline.sessions else [])]
    values = {"function": parts.function, "kinds": kinds, "timed": timed}
    stepped = parts.connectors.stepped(name)
    arguments = Sql("pack, src_watermark" if stepped else "pack")
    options = parts.connectors.reading(parts.job, name, parts.contract, packed=True)
    statements = (
        render.engine("packs", **values, table=packs, stepped=stepped, arguments=arguments, options=options),
        render.engine("streams", **values, view=shared, packs=packs),
    )
    refused = parts.refused(opened=_opened(shared, "letters", stream_types.LETTERS))
    named = NamedViews(name, parts.contract, parts.pipeline) if parts.contract.dictionary else None
    if named:
        refused[DEAD_LETTERS] = named.letters(refused[DEAD_LETTERS], parts.origin)
    leftovers = {table: parts.leftover(table, _REFUSED[table], select) for table, select in refused.items()}
    if timed:
        late = render.engine("late", **parts.origin, opened=_opened(shared, "late", stream_types.LATE))
        leftovers[parts.job.late_table] = parts.leftover(parts.job.late_table, _LATE_COLUMNS, late)
    views = _packed_views(parts, shared, timed=timed)
    readings = _timed(name) if timed and parts.job.kind != SCORE else None
    held = named.shared if named else ()
    return parts.source(Tables(statements, shared, views, leftovers, packed=True, timed=readings, held=held))


def _packed_views(parts: _Parts, shared: str, *, timed: bool) -> tuple[str, ...]:
    if parts.job.kind == SCORE:
        opened = _opened(shared, "good", stream_types.CONDENSED)
        return (render.engine("condensed", view=parts.name, columns=list(stream_types.CONDENSED), opened=opened),)
    opened = _opened(shared, "good", stream_types.good(parts.pipeline, timed=timed))
    if parts.contract.dictionary:
        has_sessions = parts.pipeline.sessions is not None
        sessions = _opened(shared, "sessions", session_rows.types(parts.contract)) if has_sessions else None
        return NamedViews(parts.name, parts.contract, parts.pipeline).statements(opened, sessions)
    columns = [*parts.pipeline.columns, *POSITION]
    view = _timed(parts.name) if timed else parts.name
    readings = render.engine("packed_readings", view=view, columns=columns, timed=timed, opened=opened)
    if not timed:
        return (readings,)
    values = {"columns": [*columns, "event_time"], "readings": view}
    return (
        readings,
        render.engine("timed_readings", **values, view=parts.name, on_time=False),
        render.engine("timed_readings", **values, view=on_time_view(parts.name), on_time=True),
    )


def _timed(source: str) -> str:
    return f"{source}__readings"


def _opened(view: str, stream: str, types: Types) -> Sql:
    """Return the FROM clause of the rows of a stream, as `decoded`."""
    return Sql(render.engine("opened", view=view, stream=stream, row=stream_types.row_type(types), columns=list(types)))


def _by_message(parts: _Parts, lateness: timedelta) -> Source:
    name = parts.name
    decoded = f"{name}__decoded"
    table = render.engine(
        "topic",
        view=decoded,
        metadata=parts.connectors.metadata,
        columns=[*parts.pipeline.columns, *ERRORS],
        function=parts.function,
        lateness=interval(lateness),
        stepped=parts.connectors.stepped(name),
        options=parts.connectors.reading(parts.job, name, parts.contract, packed=False),
    )
    views = [
        render.engine("good", view=name, decoded=decoded, columns=parts.pipeline.columns),
        render.engine("on_time", view=on_time_view(name), good=name),
    ]
    stored = parts.contract.payloads
    refused = parts.refused(decoded=decoded, payload=parts.payload(stored.dead_letters))
    keys = parts.contract.keys
    key = keys[0] if len(keys) == 1 and parts.contract.fields[keys[0]].type == "string" else None
    payload = parts.payload(stored.late_readings)
    late = render.engine("late", decoded=decoded, **parts.origin, key=key, keys=keys, payload=payload)
    leftovers = {
        **{table: parts.leftover(table, _REFUSED[table], select) for table, select in refused.items()},
        parts.job.late_table: parts.leftover(parts.job.late_table, _LATE_COLUMNS, late),
    }
    return parts.source(Tables((table,), decoded, tuple(views), leftovers))
