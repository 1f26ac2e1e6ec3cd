"""The cases beside the macros, sql/_macros/tests/<macro>.yaml, and a job whose template can call them."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from headrace.compose import render
from headrace.environment import settings
from headrace.project import job_folder
from headrace.project.paths import Project
from support import ROOT

MACROS = ROOT / "sql" / "_macros"
NAMES = sorted(path.name.removesuffix(".sql.j2") for path in MACROS.glob("*.sql.j2"))
JOB = """\
kind: job
name: test/macro_v1
owner: o
description: d
grain: g
reads: [source/plant_readings, table/historian.tags]
writes: {table/historian.readings: append}
params: {limit: 100.0, name: "100"}
"""


class Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Input(Strict):
    """A table of a case: columns with their Flink types, rows as lists in their order."""

    columns: dict[str, str]
    rows: list[list[Any]]
    key: str | None = None


class Rendering(Strict):
    """What a call gives."""

    it: str
    call: str
    sql: str


class Refusal(Strict):
    """Words of the error that a call ends in."""

    it: str
    call: str
    error: str


class Execution(Strict):
    """What a query over the inputs gives, in any order; unless it `updates`, it must only ever add rows."""

    it: str
    inputs: dict[str, Input] = Field(alias="with")
    query: str
    rows: list[list[Any]]
    updates: bool = False


Case = Rendering | Refusal | Execution


def cases(macro: str) -> list[Case]:
    """The cases of a macro; none where it has no file."""
    path = MACROS / "tests" / f"{macro}.yaml"
    return TypeAdapter(list[Case]).validate_python(yaml.safe_load(path.read_text())) if path.is_file() else []


def docstring(macro: str) -> str:
    """The comment that its file starts with: Markdown."""
    text = (MACROS / f"{macro}.sql.j2").read_text()
    found = re.match(r"\{#-\n(.*?)\n-#\}", text, re.DOTALL)
    assert found, f"{macro}.sql.j2 does not start with a docstring"
    return found[1]


def example(macro: str) -> str:
    """The template in its docstring."""
    found = re.search(r"```sql\n(.*?)\n```", docstring(macro), re.DOTALL)
    assert found, f"{macro}.sql.j2 shows no example"
    return found[1]


def reference() -> str:
    """docs/macros.md."""
    head = "# Macros\n\nOne file each in `sql/_macros/`; this page is made of their docstrings.\n"
    return head + "".join(f"\n## {name}\n\n{docstring(name)}\n" for name in NAMES)


def dimensions() -> list[dict[str, tuple[int, int, int]]]:
    """The table of units in convert.sql.j2."""
    module = Environment().from_string((MACROS / "convert.sql.j2").read_text().split("{%- macro")[0]).module
    found: list[dict[str, tuple[int, int, int]]] = module.dimensions  # type: ignore[attr-defined]
    return found


@dataclass(frozen=True)
class Sandbox:
    """A project with this one's macros, sources and tables, and one job."""

    project: Project

    @classmethod
    def at(cls, root: Path) -> Sandbox:
        for part in ("sql/_macros", "sql/_sources", "sql/_tables", "catalogs"):
            shutil.copytree(ROOT / part, root / part)
        folder = root / "sql" / "test" / "macro_v1"
        folder.mkdir(parents=True)
        (folder / "job.yaml").write_text(JOB)
        return cls(Project(root, root / ".headrace"))

    def render(self, template: str) -> str:
        """The template as the job's SQL. Raises UserError as `headrace render` does."""
        (self.project.sql / "test" / "macro_v1" / "historian.readings.sql.j2").write_text(template)
        folder = job_folder.load(self.project, "test/macro_v1")
        made = render.job(self.project, settings.load(self.project, "local"), folder)
        return made.sinks["historian.readings"].sql


if __name__ == "__main__":
    print(reference(), end="")  # noqa: T201
