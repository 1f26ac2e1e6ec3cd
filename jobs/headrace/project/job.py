"""job.yaml: what a job reads, which steps each record passes, and what the job writes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, PlainValidator, TypeAdapter, WithJsonSchema

from headrace.project import function_kinds, model_files, yaml_file
from headrace.project.system_tables import LATE_READINGS
from headrace.project.table_files import TABLE_NAME
from headrace.project.window import WindowSpec
from headrace_udfs.durations import Duration, duration
from headrace_udfs.steps import STEPS

JOB_NAME = re.compile(r"(?P<domain>[a-z][a-z0-9_]*)/(?P<name>[a-z][a-z0-9_]*)_v(?P<version>[1-9][0-9]*)")
TABLE = "table/"
"""How `reads:` and `writes:` name a table: `table/<namespace>.<table>`. Inside the engine, a table has no prefix."""
TOPIC = "topic/"
"""How `writes:` and the engine name a topic that a job writes: `topic/<topic>`."""
OLD_TOPIC = "kafka"
"""The word for `topic` in `writes:` and in file names of earlier versions."""
SCORE = "score"
"""The kind of the jobs that score readings with a model, and the module in jobs/table_api/ that they run."""
REFRESH = timedelta(minutes=1)
"""How long workers go without looking whether a table has changed, unless `reads:` says otherwise."""
_REFRESH_SCHEMA = TypeAdapter(Duration).json_schema()
_NAME = re.compile(r"[a-z][a-z0-9_]*")
# Namespaces that no written table can have: the file of its SELECT would be taken for that of a topic.
_TOPIC_WORDS = (OLD_TOPIC, TOPIC.removesuffix("/"))

Param = str | int | float | bool
Mode = Literal["append", "upsert"]


def _job(text: str) -> str:
    if not JOB_NAME.fullmatch(text):
        raise ValueError(f"'{text}' is not a valid job name; write <domain>/<job>_v<N> in lower case")
    return text


_INPUTS = "write source/<contract>, table/<namespace>.<table> or job/<domain>/<job>_v<N>"


def _at_least_a_second(refresh: timedelta) -> timedelta:
    if refresh < timedelta(seconds=1):
        raise ValueError(f"at least 1s, not {duration(refresh)}; write 1s or more")
    return refresh


class _Options(yaml_file.Model, use_attribute_docstrings=True):
    """How a table is read whose rows are looked up."""

    refresh: Annotated[Duration, AfterValidator(_at_least_a_second)] = REFRESH
    """How long a worker may go without looking whether the table has changed, at least 1s."""


class Read(str):
    """What a job reads, as `reads:` names it; `refresh` is how often workers look whether a table has changed."""

    refresh: timedelta = REFRESH


def _input(value: Any) -> Read:
    if not isinstance(value, dict):
        return Read(_input_name(value))
    if len(value) != 1:
        raise ValueError("one table and its options belong here; write {table/<namespace>.<table>: {refresh: 1m}}")
    ((text, options),) = value.items()
    read = Read(_input_name(text))
    if not read.startswith(TABLE):
        raise ValueError(f"'{text}' has no options; only a table has: {{refresh: 1m}}")
    if not isinstance(options, dict):
        raise ValueError(f"the options of '{text}' belong here; write {{{text}: {{refresh: 1m}}}}")  # noqa: TRY004
    read.refresh = _Options.model_validate(options, strict=True).refresh
    return read


def _input_name(text: Any) -> str:
    if not isinstance(text, str):
        raise ValueError(f"{text!r} is not a valid input; {_INPUTS}")  # noqa: TRY004 - pydantic reports ValueErrors
    kind, _, name = text.partition("/")
    pattern = {"source": _NAME, "table": TABLE_NAME, "job": JOB_NAME}.get(kind)
    if pattern is None or not pattern.fullmatch(name):
        raise ValueError(f"'{text}' is not a valid input; {_INPUTS}")
    return text


def _output(text: str) -> str:
    kind, _, name = text.partition("/")
    if kind == OLD_TOPIC and _NAME.fullmatch(name):
        raise ValueError(f"'{text}' is now '{TOPIC}{name}'; write {TOPIC}{name}")
    if TABLE_NAME.fullmatch(text):
        raise ValueError(f"'{text}' is now '{TABLE}{text}'; write {TABLE}{text}")
    if text.startswith(TOPIC) and _NAME.fullmatch(name):
        return text
    if text.startswith(TABLE) and TABLE_NAME.fullmatch(name) and name.partition(".")[0] not in _TOPIC_WORDS:
        return name
    raise ValueError(f"'{text}' is not a valid sink; write table/<namespace>.<table> or topic/<topic>")


def _step(text: str) -> str:
    if text == "score":
        raise ValueError(
            "the step 'score' is gone: a job of kind score writes anomaly scores to a table of their own; "
            "remove it, and score and anomaly from the templates (docs/upgrades.md)"
        )
    if text not in STEPS:
        raise ValueError(f"unknown step '{text}'; the steps are: {', '.join(STEPS)}")
    return text


def _model(text: str) -> str:
    if not model_files.PINNED.fullmatch(text):
        raise ValueError(f"'{text}' is not a version of a model; write <model>@<version>")
    return text


def _table(text: str) -> str:
    if not TABLE_NAME.fullmatch(text):
        raise ValueError(f"'{text}' is not a valid table name; write <namespace>.<table>")
    return text


def _like(pattern: str) -> WithJsonSchema:
    """Return the JSON Schema of a text with this pattern."""
    return WithJsonSchema({"type": "string", "pattern": _pattern(pattern)})


def _pattern(pattern: str) -> str:
    """Return the pattern of a whole text without group names, which JSON Schema does not support."""
    return f"^({re.sub('[?]P<[a-z]+>', '', pattern)})$"


JobName = Annotated[str, AfterValidator(_job), _like(JOB_NAME.pattern)]
TableName = Annotated[str, AfterValidator(_table), _like(TABLE_NAME.pattern)]
_TABLE_READ = f"{TABLE}{TABLE_NAME.pattern}"
Input = Annotated[
    Read,
    PlainValidator(_input),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": _pattern(f"source/{_NAME.pattern}|{_TABLE_READ}|job/{JOB_NAME.pattern}")},
                {
                    "type": "object",
                    "patternProperties": {
                        _pattern(_TABLE_READ): {
                            "type": "object",
                            "properties": {"refresh": _REFRESH_SCHEMA},
                            "additionalProperties": False,
                        }
                    },
                    "additionalProperties": False,
                    "minProperties": 1,
                    "maxProperties": 1,
                },
            ]
        }
    ),
]
Output = Annotated[
    str,
    AfterValidator(_output),
    _like(rf"{TOPIC}{_NAME.pattern}|{TABLE}(?!({'|'.join(_TOPIC_WORDS)})\.){TABLE_NAME.pattern}"),
]
ModuleName = Annotated[str, Field(pattern=f"^{_NAME.pattern}$")]
ModelVersion = Annotated[str, AfterValidator(_model), _like(rf"{model_files.NAME.pattern}@{model_files.VERSION}")]
FunctionName = Annotated[str, Field(pattern=f"^{function_kinds.NAME.pattern}$")]
StepName = Annotated[str, AfterValidator(_step), WithJsonSchema({"enum": list(STEPS)})]


class Job(yaml_file.Model, use_attribute_docstrings=True):
    """A job folder's job.yaml."""

    renamed: ClassVar[Mapping[str, str]] = {
        "through": "steps",
        "late": "late_table",
        "recompute": "window",
        "complete": "keeps_every_record",
    }

    kind: Literal["job", "table_api", "score"]
    """job for one SQL template per sink; table_api for a Python module instead; score for the scores of a model."""
    module: ModuleName | None = None
    """The module of a table_api job: <name> of jobs/table_api/<name>.py."""
    model: ModelVersion | None = None
    """The model of a score job, with its version: <model>@<version> for udfs/models/<model>/<version>/."""
    name: JobName
    """<domain>/<job>_v<N>, as the folder is called; N rises when what the job writes changes its meaning."""
    owner: str
    """The person or team responsible for the job."""
    description: str
    """What the job produces, in one sentence."""
    grain: str
    """What one row of its output stands for: one row per ..."""
    reads: list[Input] = Field(min_length=1)
    """source/<contract>, table/<namespace>.<table>, or job/<domain>/<job>_v<N> to follow what another job writes. A
    table that is looked up may have a {refresh: 10s}: how often workers look whether it has changed, 1m by default."""
    steps: list[StepName] = []
    """Steps that each record of a source passes right after it is decoded."""
    functions: list[FunctionName] = []
    """Functions of the project's own that its SQL calls: <name> of udfs/<name>/. Only these are shipped with it."""
    writes: dict[Output, Mode] = Field(min_length=1)
    """table/<namespace>.<table> or topic/<topic>: append adds rows, upsert replaces them by their key."""
    keeps_every_record: bool = False
    """Each record of its sources ends in a sink that keeps its position, or in dead letters: `reconcile` verifies
    this, and the job can start where its tables end."""
    late_table: TableName = LATE_READINGS
    """The table for the readings that on_time() leaves out."""
    window: WindowSpec | None = None
    """The length of its windows, if each row is computed only from the readings of one key in one window, and its ts
    is the window's start: `headrace recompute` then computes again each window that late readings belong to. With
    {length: 1h, needs: 1h}, rows also depend on readings of an hour before and the one before these; with
    {corrections: [used_kwh]}, rows are final, and each late reading adds a row with what this column lacks."""
    state_ttl: Duration | None = None
    """How long joins and aggregates outside a window keep what they have not seen again, like 7d."""
    params: dict[str, Param] = {}
    """The values that param() returns in a template."""

    @property
    def version(self) -> int:
        """The N of `_vN`: raised when what the job writes changes its meaning."""
        match = JOB_NAME.fullmatch(self.name)
        assert match, "validated on load"  # noqa: S101 - narrows the type; the validator has rejected any other name
        return int(match["version"])

    @property
    def runs(self) -> str | None:
        """The name of the module in jobs/table_api/ that computes its tables; None for a job of templates."""
        return SCORE if self.kind == SCORE else self.module

    @property
    def sources(self) -> list[str]:
        """Names of the source contracts it reads."""
        return self._read("source/")

    @property
    def tables(self) -> list[str]:
        """Names of the tables it reads, as `<namespace>.<table>`."""
        return self._read(TABLE)

    @property
    def jobs(self) -> list[str]:
        """Names of the jobs whose output it follows."""
        return self._read("job/")

    def refresh(self, table: str) -> timedelta:
        """Return how long a worker may go without looking whether the table has changed."""
        return next((read.refresh for read in self.reads if read == TABLE + table), REFRESH)

    @property
    def tables_written(self) -> list[str]:
        """Names of the tables it writes, as `<namespace>.<table>`."""
        return [sink for sink in self.writes if not sink.startswith(TOPIC)]

    @property
    def topics_written(self) -> list[str]:
        """Names of the files in sql/_topics/ that describe the topics it writes."""
        return [sink.removeprefix(TOPIC) for sink in self.writes if sink.startswith(TOPIC)]

    @staticmethod
    def output(sink: str) -> str:
        """Return the sink as `writes:` names it: `table/<namespace>.<table>` or `topic/<topic>`."""
        return sink if sink.startswith(TOPIC) else TABLE + sink

    def _read(self, kind: str) -> list[str]:
        return [name.removeprefix(kind) for name in self.reads if name.startswith(kind)]
