"""The cases of the macros, sql/_macros/[checks/]tests/<macro>.yaml, and a job whose templates can call them."""

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
from headrace.compose.render import Templates
from headrace.environment import settings
from headrace.environment.settings import Settings
from headrace.project import job_folder
from headrace.project.paths import Project
from support import ROOT

MACROS = ROOT / "sql" / "_macros"


def _names(folder: Path) -> list[str]:
    return sorted(path.name.removesuffix(".sql.j2") for path in folder.glob("*.sql.j2"))


NAMES = _names(MACROS)
"""The macros of Flink's templates."""
CHECK_NAMES = _names(MACROS / "checks")
"""The macros of checks, in DuckDB's dialect."""
JOB = """\
kind: job
name: test/macro_v1
owner: o
description: d
grain: g
reads: [source/plant_readings, source/erp_orders, table/historian.tags]
writes: {table/historian.readings: append}
params: {limit: 100.0, name: "100"}
"""


HEAD = """\
# Macros

One file each in `sql/_macros/`; this page is generated from their docstrings.
"""
PATTERN = """\
select tag, ts, `value`, rise
from {{ on_time('plant_readings') }}
match_recognize (
    partition by tag
    order by event_time
    measures last(up.ts) as ts, last(up.`value`) as `value`, last(up.`value`) - low.`value` as rise
    one row per match
    after match skip past last row
    pattern (low up)
    define up as up.`value` > low.`value` + 5
)
"""
PATTERNS = f"""
# Patterns

What the macros do not find, such as a rise of more than 5 from one reading to the next, Flink's `MATCH_RECOGNIZE` does.
It can stand in the template of any sink or view, in FROM:

```sql
{PATTERN}```

A match is written when the watermark has passed its last record. Without `within interval '1' hour` after the pattern,
Flink keeps a match that has begun for good. Python functions, headrace's and [your own](functions.md), cannot be called
in it: call them in a step before.
"""
CHECKS_HEAD = """
# Macros for checks

These are in `sql/_macros/checks/`, for the templates that DuckDB runs: checks.sql.j2 and expected_counts.sql.j2. Such a
template can also call the macros above, as far as DuckDB has the functions that they use, and `param()`, `var()`,
`src()` and `table()`. `table()` is the table that the job writes, `table('<namespace>.<table>')` another one that it
reads or writes; tables can also be named without it, as in `headrace query`.
"""


class Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Input(Strict):
    """A table of a case: columns with their Flink types, rows as lists in their order.

    One that is named like historian.tags is stored in the catalog, with the columns that it has there.
    """

    columns: dict[str, str]
    rows: list[list[Any]]
    key: str | None = None


class Rendering(Strict):
    """The SQL that a call renders."""

    it: str
    call: str
    sql: str


class Refusal(Strict):
    """Words of the error that a call raises."""

    it: str
    call: str
    error: str


class Execution(Strict):
    """The rows that a query over the inputs returns, in any order; unless it `updates`, it must only add rows."""

    it: str
    inputs: dict[str, Input] = Field(alias="with")
    query: str
    rows: list[list[Any]]
    updates: bool = False


Case = Rendering | Refusal | Execution


def _folder(macro: str) -> Path:
    return MACROS / "checks" if macro in CHECK_NAMES else MACROS


def cases(macro: str) -> list[Case]:
    """The cases of a macro; none if it has no file."""
    path = _folder(macro) / "tests" / f"{macro}.yaml"
    return TypeAdapter(list[Case]).validate_python(yaml.safe_load(path.read_text())) if path.is_file() else []


def docstring(macro: str) -> str:
    """The comment that its file starts with: Markdown."""
    text = (_folder(macro) / f"{macro}.sql.j2").read_text()
    match = re.match(r"\{#-\n(.*?)\n-#\}", text, re.DOTALL)
    assert match, f"{macro}.sql.j2 does not start with a docstring"
    return match[1]


def example(macro: str) -> str:
    """The template in its docstring."""
    match = re.search(r"```sql\n(.*?)\n```", docstring(macro), re.DOTALL)
    assert match, f"{macro}.sql.j2 shows no example"
    return match[1]


def reference() -> str:
    """Return the text of docs/macros.md."""
    return HEAD + _sections(NAMES) + PATTERNS + CHECKS_HEAD + _sections(CHECK_NAMES)


def _sections(names: list[str]) -> str:
    return "".join(f"\n## {name}\n\n{docstring(name)}\n" for name in names)


def dimensions() -> list[dict[str, tuple[int, int, int]]]:
    """The table of units in convert.sql.j2."""
    module = Environment().from_string((MACROS / "convert.sql.j2").read_text().split("{%- macro")[0]).module
    dimensions: list[dict[str, tuple[int, int, int]]] = module.dimensions  # type: ignore[attr-defined]
    return dimensions


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

    def render_check(self, template: str) -> str:
        """The template as the SQL of a check of the job. Raises UserError as `headrace check` does."""
        path = self.project.sql / "test" / "macro_v1" / job_folder.CHECKS
        path.write_text(template)
        folder = job_folder.JobFolder(job_folder.job_of(self.project, "test/macro_v1"), path.parent, {}, {})
        return render.for_duckdb(self.project, settings.load(self.project, "local"), folder, path).sql

    @property
    def settings(self) -> Settings:
        """The settings of the local environment."""
        return settings.load(self.project, "local")

    def render(self, template: str) -> str:
        """The template as the job's SQL. Raises UserError as `headrace render` does."""
        return self.templates(template).sinks["historian.readings"].sql

    def templates(self, template: str) -> Templates:
        """The job's only template, rendered. Raises UserError as `headrace render` does."""
        (self.project.sql / "test" / "macro_v1" / "historian.readings.sql.j2").write_text(template)
        folder = job_folder.load(self.project, "test/macro_v1")
        return render.job(self.project, self.settings, folder)


if __name__ == "__main__":
    print(reference(), end="")  # noqa: T201
