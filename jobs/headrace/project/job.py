"""job.yaml: what a job reads, what each record passes through, what it writes."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema

from headrace.project import yaml_file
from headrace.project.system_tables import LATE_READINGS
from headrace.project.table_files import TABLE_NAME
from headrace_udfs.contract import Duration
from headrace_udfs.steps import STEPS

JOB_NAME = re.compile(r"(?P<domain>[a-z][a-z0-9_]*)/(?P<name>[a-z][a-z0-9_]*)_v(?P<version>[1-9][0-9]*)")
TOPIC = "kafka/"
_NAME = re.compile(r"[a-z][a-z0-9_]*")

Param = str | int | float | bool
Mode = Literal["append", "upsert"]


def _job(text: str) -> str:
    if not JOB_NAME.fullmatch(text):
        raise ValueError(f"'{text}' is no job name; write <domain>/<job>_v<N> in lower case")
    return text


def _input(text: str) -> str:
    kind, _, name = text.partition("/")
    pattern = {"source": _NAME, "table": TABLE_NAME, "job": JOB_NAME}.get(kind)
    if pattern is None or not pattern.fullmatch(name):
        raise ValueError(
            f"'{text}' names no input; write source/<contract>, table/<namespace>.<table> or job/<domain>/<job>_v<N>"
        )
    return text


def _output(text: str) -> str:
    namespace, _, _ = text.partition(".")
    if text.startswith(TOPIC) and _NAME.fullmatch(text.removeprefix(TOPIC)):
        return text
    if TABLE_NAME.fullmatch(text) and namespace != "kafka":
        return text
    raise ValueError(f"'{text}' names no sink; write <namespace>.<table> or kafka/<topic>")


def _step(text: str) -> str:
    if text not in STEPS:
        raise ValueError(f"no step is called '{text}'; there are: {', '.join(STEPS)}")
    return text


def _table(text: str) -> str:
    if not TABLE_NAME.fullmatch(text):
        raise ValueError(f"'{text}' names no table; write <namespace>.<table>")
    return text


def _like(pattern: str) -> WithJsonSchema:
    """The schema of a text of this pattern, without the names of its groups, which JSON Schema does not know."""
    return WithJsonSchema({"type": "string", "pattern": f"^({re.sub('[?]P<[a-z]+>', '', pattern)})$"})


JobName = Annotated[str, AfterValidator(_job), _like(JOB_NAME.pattern)]
TableName = Annotated[str, AfterValidator(_table), _like(TABLE_NAME.pattern)]
Input = Annotated[
    str,
    AfterValidator(_input),
    _like(f"source/{_NAME.pattern}|table/{TABLE_NAME.pattern}|job/{JOB_NAME.pattern}"),
]
Output = Annotated[str, AfterValidator(_output), _like(rf"{TOPIC}{_NAME.pattern}|(?!kafka\.){TABLE_NAME.pattern}")]
ModuleName = Annotated[str, Field(pattern=f"^{_NAME.pattern}$")]
StepName = Annotated[str, AfterValidator(_step), WithJsonSchema({"enum": list(STEPS)})]


class Job(yaml_file.Model, use_attribute_docstrings=True):
    """A job folder's job.yaml."""

    kind: Literal["job", "table_api"]
    """job for a template a sink; table_api for a Python module in their place."""
    module: ModuleName | None = None
    """The module of a table_api job: <name> of jobs/table_api/<name>.py."""
    name: JobName
    """<domain>/<job>_v<N>, as the folder is called; N rises when what the job writes changes its meaning."""
    owner: str
    """Who answers for it."""
    description: str
    """What the job gives, in a sentence."""
    grain: str
    """What a row of its output is: one row per ..."""
    reads: list[Input] = Field(min_length=1)
    """source/<contract>, table/<namespace>.<table>, or job/<domain>/<job>_v<N> to follow what another job writes."""
    through: list[StepName] = []
    """Steps that each record of a source passes right after it is decoded."""
    writes: dict[Output, Mode] = Field(min_length=1)
    """<namespace>.<table> or kafka/<topic>: append adds rows, upsert replaces them by their key."""
    complete: bool = False
    """Each record of its sources ends in a sink that keeps its position, or in dead letters: `reconcile` holds the job
    to it, and it can start where its tables end."""
    late: TableName = LATE_READINGS
    """The table for the readings that on_time() leaves out."""
    recompute: Duration | None = None
    """The length of its windows, where each row comes of the readings that one key had in one window alone, and has
    the window's start for its ts: what is late for a window then has it computed anew by `headrace recompute`."""
    state_ttl: Duration | None = None
    """How long joins and aggregates outside a window remember what they have not seen again, like 7d."""
    params: dict[str, Param] = {}
    """What param() gives in a template."""

    @property
    def version(self) -> int:
        """The N of `_vN`: raised when what the job writes changes its meaning."""
        match = JOB_NAME.fullmatch(self.name)
        assert match, "validated on load"  # noqa: S101 - narrows the type; the validator has refused all else
        return int(match["version"])

    @property
    def sources(self) -> list[str]:
        return self._read("source/")

    @property
    def tables(self) -> list[str]:
        return self._read("table/")

    @property
    def jobs(self) -> list[str]:
        """The jobs whose output it follows."""
        return self._read("job/")

    @property
    def tables_written(self) -> list[str]:
        return [sink for sink in self.writes if not sink.startswith(TOPIC)]

    @property
    def topics_written(self) -> list[str]:
        """The topic files of its Kafka sinks, by name."""
        return [sink.removeprefix(TOPIC) for sink in self.writes if sink.startswith(TOPIC)]

    def _read(self, kind: str) -> list[str]:
        return [name.removeprefix(kind) for name in self.reads if name.startswith(kind)]
