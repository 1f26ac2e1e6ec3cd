"""job.yaml: what a job reads, what each record passes through, what it writes."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator

from headrace import yamlfile
from headrace.tables.files import TABLE_NAME
from headrace_udfs.contract import Duration
from headrace_udfs.steps import STEPS

JOB_NAME = re.compile(r"(?P<domain>[a-z][a-z0-9_]*)/(?P<name>[a-z][a-z0-9_]*)_v(?P<version>[1-9][0-9]*)")
TOPIC = "kafka/"
_NAME = re.compile(r"[a-z][a-z0-9_]*")

Param = str | int | float | bool
Mode = Literal["append", "upsert"]


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


class Job(yamlfile.Model):
    """A job folder's job.yaml.

    `complete`: each record of its sources ends in a sink that keeps its position, or in dead letters; `reconcile` holds
    the job to it, and it can start where its tables end. `late`: where the readings go that on_time() leaves out.
    `state_ttl`: how long joins and aggregates outside a window remember what they have not seen again.
    """

    kind: Literal["job"]
    name: str
    owner: str
    description: str
    grain: str
    reads: list[Annotated[str, AfterValidator(_input)]] = Field(min_length=1)
    through: list[Annotated[str, AfterValidator(_step)]] = []
    writes: dict[Annotated[str, AfterValidator(_output)], Mode] = Field(min_length=1)
    complete: bool = False
    late: Annotated[str, AfterValidator(_table)] = "historian.late_readings"
    state_ttl: Duration | None = None
    params: dict[str, Param] = {}

    @field_validator("name")
    @classmethod
    def _named_like_a_job(cls, name: str) -> str:
        if not JOB_NAME.fullmatch(name):
            raise ValueError(f"'{name}' is no job name; write <domain>/<job>_v<N> in lower case")
        return name

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
