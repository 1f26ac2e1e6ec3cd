"""The published JSON Schemas accept and refuse the same files as headrace itself."""

from __future__ import annotations

import json
import re
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from pydantic import TypeAdapter, ValidationError

from headrace.authoring import json_schemas
from headrace.project.job import Input, JobName, Output, TableName
from headrace.project.paths import Project
from headrace.project.table import ColumnType
from headrace_udfs.contract import ColumnName, JsonPath
from headrace_udfs.durations import Duration, duration

JOB = {
    "kind": "job",
    "name": "condition/hot_v1",
    "owner": "o",
    "description": "d",
    "grain": "g",
    "reads": ["source/plant", {"table/historian.tags": {"refresh": "10s"}}, "job/historian/readings_v2"],
    "steps": ["enrich"],
    "writes": {"table/condition.hot": "upsert", "topic/alerts": "append"},
    "late_table": "historian.late_readings",
    "state_ttl": "7d",
    "params": {"limit": 100.0, "name": "x", "many": 3, "on": True},
}
TABLE = {
    "description": "d",
    "grain": "g",
    "columns": {
        "tag": {"type": "string", "doc": "d", "required": True},
        "ts": {"type": "timestamptz", "doc": "d"},
        "sum": {"type": "decimal(10, 2)", "doc": "d"},
    },
    "partition": ["tag", "bucket(16, tag)", "day(ts)"],
    "sort": ["tag desc", "sum"],
    "retention": {"default": "90d", "classes": [{"tags": "*.x", "keep": "9d"}]},
    "properties": {"write.target-file-size-bytes": 1000, "write.fanout.enabled": True},
}
SOURCE = {
    "description": "d",
    "topic": "t",
    "format": "json_array",
    "fields": {"tag": {"type": "string", "required": True}, "value": {"path": ["a", "b c"], "type": "double"}},
    "time": {"path": "meta.ts", "unit": "epoch_ms", "earliest": "2000-01-01T00:00:00Z", "latest": "10m"},
    "quality": None,
    "key": "tag",
    "watermark": {"lateness": "10s"},
}
TOPIC = {"description": "d", "topic": "t", "key": ["tag"], "columns": {"tag": {"type": "string", "doc": "d"}}}
SETTINGS = {
    "catalog": {"type": "sqlite", "name": "c", "path": "p", "warehouse": "w"},
    "kafka": {"bootstrap.servers": "b"},
    "flink": {"rest": "r"},
    "vars": {"site": "north"},
}
GOOD: dict[str, dict[str, Any]] = {"job": JOB, "table": TABLE, "source": SOURCE, "topic": TOPIC, "settings": SETTINGS}


@pytest.fixture
def project(pytestconfig: pytest.Config) -> Project:
    return Project.find(pytestconfig.rootpath)


def validator(kind: str) -> Draft7Validator:
    schema = json.loads(json_schemas.text(kind))
    Draft7Validator.check_schema(schema)
    return Draft7Validator(schema)


def changed(data: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Return `data` with another value at the keys of `path`."""
    key, _, rest = path.partition("/")
    return {**data, key: changed(data.get(key, {}), rest, value) if rest else value}


class EditorLoader(yaml.SafeLoader):
    """YAML 1.2 as editors read it: a time is a text."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith("timestamp")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def test_the_published_schemas_are_current_and_every_file_names_its_schema(project: Project) -> None:
    assert json_schemas.check(project) == []


@pytest.mark.parametrize("kind", json_schemas.KINDS)
def test_every_file_of_the_project_fits_its_schema(project: Project, kind: str) -> None:
    for file in project.root.glob(json_schemas.KINDS[kind].pattern):
        data = yaml.load(file.read_text(), EditorLoader)  # noqa: S506 - a SafeLoader
        assert not [error.message for error in validator(kind).iter_errors(data)], file


@pytest.mark.parametrize("kind", GOOD)
def test_a_file_that_the_model_accepts_fits_the_schema(kind: str) -> None:
    json_schemas.KINDS[kind].model.model_validate(GOOD[kind])
    assert validator(kind).is_valid(GOOD[kind])


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("job", "kind", "jobs"),
        ("job", "name", "overheat"),
        ("job", "reads", []),
        ("job", "reads", ["plant"]),
        ("job", "reads", ["table/tags"]),
        ("job", "steps", ["enrichh"]),
        ("job", "writes", {"table/condition.hot": "merge"}),
        ("job", "writes", {"table/topic.alerts": "append"}),
        ("job", "writes", {"condition.hot": "append"}),
        ("job", "writes", {"kafka/alerts": "append"}),
        ("job", "writes", {"table/Hot": "append"}),
        ("job", "late_table", "late"),
        ("job", "state_ttl", "7 days"),
        ("job", "params", {"limits": [1, 2]}),
        ("job", "owners", "o"),
        ("table", "columns", {}),
        ("table", "columns/Tag", {"type": "string", "doc": "d"}),
        ("table", "columns/tag", {"type": "strin", "doc": "d"}),
        ("table", "columns/tag", {"type": "decimal(39, 2)", "doc": "d"}),
        ("table", "columns/tag", {"type": "string"}),
        ("table", "partition", ["week(tag)"]),
        ("table", "sort", ["tag down"]),
        ("table", "retention", "3 weeks"),
        ("table", "retention", {"classes": []}),
        ("table", "retention", {"default": "90d", "classes": [{"tags": "*", "keep": "9"}]}),
        ("table", "properties", {"owner": "me"}),
        ("table", "properties", {"format-version": 2}),
        ("source", "format", "xlsx"),
        ("source", "fields/ts", {"type": "string"}),
        ("source", "fields/err_x", {"type": "string"}),
        ("source", "fields/value", {"type": "decimal"}),
        ("source", "fields/value", {"type": "double", "range": [1]}),
        ("source", "fields/value", {"type": "double", "range": ["low", None]}),
        ("source", "fields/value", {"type": "double", "path": "a..b"}),
        ("source", "fields/value", {"type": "double", "path": []}),
        ("source", "time/unit", "epoch"),
        ("source", "time/latest", "soon"),
        ("source", "watermark", {"lateness": 10}),
        ("topic", "key", []),
        ("topic", "partitions", 0),
        ("settings", "flink/parallelism", 0),
        ("settings", "catalog/type", "files"),
        ("settings", "vars", {"sites": ["a"]}),
    ],
)
def test_an_editor_marks_what_headrace_refuses(kind: str, path: str, value: Any) -> None:
    data = changed(GOOD[kind], path, value)
    with pytest.raises(ValidationError):
        json_schemas.KINDS[kind].model.model_validate(data)
    assert not validator(kind).is_valid(data)


@pytest.mark.parametrize("of", [JobName, TableName, Input, Output, ColumnName, ColumnType, Duration, JsonPath])
@given(data=st.data())
def test_an_editor_does_not_mark_what_headrace_accepts(of: Any, data: st.DataObject) -> None:
    adapter = TypeAdapter(of)
    schema = adapter.json_schema()
    patterns = [part["pattern"] for part in (schema, *schema.get("anyOf", ())) if "pattern" in part]
    near = [st.from_regex(pattern, fullmatch=True) for pattern in patterns]
    text = data.draw(st.one_of(st.text("a_1.v/(),kafjobtdecilsu "), *near, st.text()))
    try:
        adapter.validate_python(text)
    except ValidationError:
        return
    assert Draft7Validator(schema).is_valid(text), text


def test_defaults_are_written_as_a_file_writes_them() -> None:
    time = json.loads(json_schemas.text("source"))["$defs"]["TimeSpec"]["properties"]
    assert (time["latest"]["default"], time["earliest"]["default"]) == ("10m", "2000-01-01T00:00:00Z")


def test_a_duration_that_is_too_long_is_refused() -> None:
    with pytest.raises(ValidationError, match="at most 100 years"):
        TypeAdapter(Duration).validate_python("100000000000h")


@given(st.integers(0, 10**12))
def test_a_duration_is_read_as_it_was_written(milliseconds: int) -> None:
    span = timedelta(milliseconds=milliseconds)
    assert TypeAdapter(Duration).validate_python(duration(span)) == span


@pytest.mark.parametrize("kind", json_schemas.KINDS)
def test_patterns_use_the_dialect_that_editors_read(kind: str) -> None:
    patterns = re.findall(r'"pattern": "(.*)"', json_schemas.text(kind))
    assert not [pattern for pattern in patterns if "(?P" in pattern or r"\-" in pattern]


@pytest.mark.parametrize("kind", ["job", "source", "table", "topic"])
def test_every_key_with_a_plain_value_has_a_description_for_editors(kind: str) -> None:
    schema = json.loads(json_schemas.text(kind))
    for model in (schema, *schema.get("$defs", {}).values()):
        undescribed = [
            key for key, value in model["properties"].items() if not {"description", "const", "$ref"} & set(value)
        ]
        assert [key for key in undescribed if "$ref" not in str(model["properties"][key])] == []


@pytest.fixture
def copied(project: Project, tmp_path: Path) -> Project:
    shutil.copytree(project.sql, tmp_path / "sql")
    shutil.copytree(project.root / "catalogs", tmp_path / "catalogs")
    copy = Project(tmp_path, tmp_path / ".headrace")
    json_schemas.write(copy)
    return copy


def test_an_outdated_schema_and_a_file_that_names_none_are_reported_and_fixed(copied: Project) -> None:
    schema, tags, job = (
        copied.sql / path
        for path in ("_schemas/table.json", "_tables/_system/historian.tags.yaml", "historian/readings_v1/job.yaml")
    )
    schema.write_text("{}")
    first, _, rest = tags.read_text().partition("\n")
    tags.write_text(rest)
    job.write_text(job.read_text().replace("../../_schemas/job.json", "../job.json"))
    assert [(str(p.where), p.fix) for p in json_schemas.check(copied)] == [
        (str(schema), "run headrace schemas --write"),
        (f"{job}:1", "run headrace schemas --write"),
        (f"{tags}:1", "run headrace schemas --write"),
    ]
    assert json_schemas.write(copied) == [schema, job, tags]
    assert json_schemas.check(copied) == []
    assert tags.read_text() == f"{first}\n{rest}"
    assert job.read_text().count(json_schemas.MODELINE) == 1


def test_a_file_names_its_schema_by_a_path_that_leads_there(copied: Project) -> None:
    for name, kind in json_schemas.KINDS.items():
        for file in copied.root.glob(kind.pattern):
            first = file.read_text().partition("\n")[0]
            assert (file.parent / first.removeprefix(json_schemas.MODELINE)).resolve() == json_schemas.path_of(
                copied, name
            )
