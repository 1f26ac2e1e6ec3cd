"""Contract, steps and SELECTs into all that one job asks of Flink: every statement, in order, as text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from headrace import contract, render
from headrace.errors import Place, UserError
from headrace.project import Project
from headrace.settings import Settings
from headrace.sourcemap import Rendered
from headrace.spec import Job, JobFolder
from headrace.sqltext import Sql
from headrace_udfs.contract import Contract
from headrace_udfs.pipeline import ERRORS, Pipeline
from headrace_udfs.step import CatalogAddress
from headrace_udfs.steps import STEPS
from headrace_udfs.types import FLINK

DEAD_LETTERS = "historian.dead_letters"
DEAD_LETTER_COLUMNS = [
    "payload", "code", "message", "stage", "src_topic", "src_partition", "src_offset", "src_index", "src_ts",
    "job", "version", "dead_at",
]  # fmt: skip


@dataclass(frozen=True)
class Start:
    """Where a topic is read from: `offsets` by partition, or its earliest record where there are none."""

    offsets: Mapping[int, int] = field(default_factory=dict)

    def options(self) -> dict[str, str]:
        """As options of Flink's Kafka table."""
        if not self.offsets:
            return {"scan.startup.mode": "earliest-offset"}
        spots = ";".join(f"partition:{p},offset:{o}" for p, o in sorted(self.offsets.items()))
        return {"scan.startup.mode": "specific-offsets", "scan.startup.specific-offsets": spots}


@dataclass(frozen=True)
class Source:
    """A topic of the job: the function that decodes it, the statements that make its views, its dead letters."""

    contract: Contract
    function: str
    pipeline: Pipeline
    statements: tuple[str, ...]
    dead_letters: str


@dataclass(frozen=True)
class Composition:
    """A job as Flink gets it. `${env:NAME}` and `${file:PATH}` references stand unresolved in the text."""

    folder: JobFolder
    catalog: str
    catalog_statement: str
    sources: tuple[Source, ...]
    selects: Mapping[str, Rendered]

    def insert(self, sink: str, columns: list[str]) -> str:
        """The INSERT of the sink's SELECT into `columns`."""
        return _insert(self.catalog, sink, columns, self.selects[sink].sql)

    def dead_letter_inserts(self) -> list[str]:
        """One INSERT a source, for each record that its decoder or a step refused."""
        return [_insert(self.catalog, DEAD_LETTERS, DEAD_LETTER_COLUMNS, s.dead_letters) for s in self.sources]

    def statements(self) -> list[str]:
        """The statements that go before the inserts."""
        return [self.catalog_statement, *(text for source in self.sources for text in source.statements)]


def compose(
    project: Project, settings: Settings, folder: JobFolder, starts: Mapping[str, Start], bounded: bool = False
) -> Composition:
    """Compose the job; `starts` gives the start of a source by its name, the earliest record where it has none.

    A bounded job ends at the records that are last when it starts. Raises UserError for faults in its files.
    """
    name, job = settings.catalog.name, folder.job
    return Composition(
        folder,
        name,
        render.engine("catalog", name=name, options=settings.catalog.flink()),
        tuple(
            _source(project, settings, job, source, start=starts.get(source, Start()), bounded=bounded)
            for source in job.sources
        ),
        render.job(project, folder, name),
    )


def _source(project: Project, settings: Settings, job: Job, name: str, *, start: Start, bounded: bool) -> Source:
    made = contract.load(project, name)
    address = CatalogAddress(settings.catalog.name, settings.catalog.pyiceberg())
    try:
        pipeline = Pipeline(made, [STEPS[step]() for step in job.through], address)
    except ValueError as error:
        raise UserError(f"through: {error}", Place.of(project.sql / job.name / "job.yaml")) from None
    function, raw, decoded = f"ingest_{name}", f"{name}__raw", f"{name}__decoded"
    options = {
        "connector": "kafka",
        "topic": made.topic,
        "format": "raw",
        "properties.group.id": f"headrace.{job.name.replace('/', '.')}",
        "properties.isolation.level": "read_committed",
        **{f"properties.{key}": value for key, value in settings.kafka.items()},
        **start.options(),
        **({"scan.bounded.mode": "latest-offset"} if bounded else {}),
    }
    statements = (
        render.engine("raw", view=raw, options=options),
        *_decoded(pipeline, decoded, raw, function),
        render.engine("good", view=name, decoded=decoded, columns=pipeline.columns),
    )
    dead = render.engine("dead_letters", decoded=decoded, job=job.name, version=job.version)
    return Source(made, function, pipeline, statements, dead)


def _decoded(pipeline: Pipeline, view: str, raw: str, function: str) -> list[str]:
    """The views that make of each reading a row with its `record`."""
    if not pipeline.many:
        return [render.engine("decoded", view=view, raw=raw, function=function)]
    messages = f"{view}__messages"
    types = {name: Sql(FLINK[kind]) for name, kind in {**pipeline.columns, **ERRORS}.items()}
    return [
        render.engine("messages", view=messages, raw=raw, function=function),
        render.engine("readings", view=view, messages=messages, types=types),
    ]


def _insert(catalog: str, sink: str, columns: list[str], select: str) -> str:
    return render.engine("insert", sink=f"{catalog}.{sink}", columns=columns, select=Sql(select))
