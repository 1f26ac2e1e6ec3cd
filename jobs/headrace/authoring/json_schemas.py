"""JSON Schemas of the project's YAML files, for completion and checks in editors: sql/_schemas/<kind>.json."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from headrace.environment.settings import Settings
from headrace.errors import Place, Problem
from headrace.planner.in_process.case import CaseSettings
from headrace.project import source_presets
from headrace.project.function_kinds import AnyFunction
from headrace.project.job import Job
from headrace.project.model_kinds import AnyFile
from headrace.project.paths import Project
from headrace.project.table import Defaults, Table
from headrace.project.topic import Topic
from headrace_udfs.contract import Contract
from headrace_udfs.durations import duration

MODELINE = "# yaml-language-server: $schema="


@dataclass(frozen=True)
class Kind:
    """A kind of file: a glob pattern from the project's root, and the model of its contents."""

    pattern: str
    model: type[BaseModel]


KINDS: Mapping[str, Kind] = {
    "job": Kind("sql/*/*/job.yaml", Job),
    "case": Kind("sql/*/*/tests/*/case.yaml", CaseSettings),
    "source": Kind("sql/_sources/*.yaml", Contract),
    "table": Kind("sql/_tables/**/[!_]*.yaml", Table),
    "table_defaults": Kind("sql/_tables/_defaults.yaml", Defaults),
    "topic": Kind("sql/_topics/*.yaml", Topic),
    "model": Kind("udfs/models/*/model.yaml", AnyFile),
    "function": Kind("udfs/*/function.yaml", AnyFunction),
    "settings": Kind("catalogs/*.yaml", Settings),
}


def text(kind: str) -> str:
    """Return the schema of a kind as the text of its file."""
    schema = KINDS[kind].model.model_json_schema(schema_generator=_Generator)
    if kind == "source":
        (text,) = [each for each in schema["properties"]["preset"]["anyOf"] if each["type"] == "string"]
        text["enum"] = list(source_presets.names())
    return json.dumps({"$schema": _Generator.schema_dialect, **schema}, indent=2) + "\n"


def path_of(project: Project, kind: str) -> Path:
    """Return the path of a kind's schema."""
    return project.sql / "_schemas" / f"{kind}.json"


def check(project: Project) -> list[Problem]:
    """Return a problem for each outdated schema, and for each YAML file whose first line does not name its schema."""
    fix = "run headrace schemas --write"
    stale = [Problem("this schema is out of date", Place.of(path), fix) for path, _ in _stale(project)]
    unmarked = [
        Problem("the first line does not name this file's schema", Place.of(file, 1), fix)
        for file, _ in _unmarked(project)
    ]
    return [*stale, *unmarked]


def write(project: Project) -> list[Path]:
    """Update the schemas and the first lines so that `check` finds no problems. Returns the files written."""
    changes = [*_stale(project), *_unmarked(project)]
    for path, content in changes:
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return [path for path, _ in changes]


def modeline(project: Project, file: Path, kind: str) -> str:
    """Return the first line of a YAML file, which names its schema for editors."""
    return MODELINE + Path(os.path.relpath(path_of(project, kind), file.parent)).as_posix() + "\n"


def _stale(project: Project) -> Iterator[tuple[Path, str]]:
    for kind in KINDS:
        path = path_of(project, kind)
        if not path.is_file() or path.read_text(encoding="utf-8") != text(kind):
            yield path, text(kind)


def _unmarked(project: Project) -> Iterator[tuple[Path, str]]:
    for name, kind in KINDS.items():
        for file in sorted(project.root.glob(kind.pattern)):
            line, content = modeline(project, file, name), file.read_text(encoding="utf-8")
            if not content.startswith(line):
                _, _, rest = content.partition("\n") if content.startswith(MODELINE) else ("", "", content)
                yield file, line + rest


class _Generator(GenerateJsonSchema):
    """Generates draft 7, which the YAML servers of editors support, without titles or empty defaults."""

    schema_dialect = "http://json-schema.org/draft-07/schema#"

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        return False

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        result = super().default_schema(schema)
        if result.get("default") in (None, [], {}):
            result.pop("default", None)
        return result

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        result = super().dict_schema(schema)
        for pattern, values in result.pop("patternProperties", {}).items():
            result |= {"propertyNames": {"pattern": pattern}, "additionalProperties": values}
        return result

    def encode_default(self, dft: Any) -> Any:
        return duration(dft) if isinstance(dft, timedelta) else super().encode_default(dft)
