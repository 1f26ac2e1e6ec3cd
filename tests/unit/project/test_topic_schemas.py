"""The schema of a topic: made of its columns or in a .proto, and every column that it cannot hold is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from headrace.errors import UserError
from headrace.project import topic_files
from headrace.project.paths import Project

TOPIC = """\
description: An alert for each hour in which it was freezing.
topic: condition.frost
key: [tag]
columns:
  tag: {type: string, required: true, doc: "Measured point"}
  window_start: {type: timestamptz, required: true, doc: "Start of the hour", unit: UTC}
  min_value: {type: double, doc: "Lowest temperature", unit: degC}
  site: {type: string, doc: "Where"}
headers: [site]
"""
PROTO = """\
syntax = "proto3";
package plant;
import "google/protobuf/timestamp.proto";
message Frost {
  string tag = 1;
  google.protobuf.Timestamp window_start = 2;
  optional double min_value = 3;
}
"""
IN_PROTOBUF = "format: protobuf\nschema: frost.proto\nmessage: Frost\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "sql" / "_topics").mkdir(parents=True)
    (tmp_path / "sql" / "_topics" / "frost.proto").write_text(PROTO)
    return Project(tmp_path, tmp_path / ".headrace")


def write(project: Project, also: str = "", topic: str = TOPIC) -> None:
    topic_files.path(project, "frost").write_text(topic + also)


def problems(project: Project) -> str:
    with pytest.raises(UserError) as raised:
        topic_files.load(project, "frost")
    return str(raised.value).replace(f"{project.sql / '_topics'}/", "")


def test_a_topic_of_json_has_no_schema(project: Project) -> None:
    write(project)
    assert topic_files.encoding(project, "frost") is None


def test_the_schema_of_avro_has_the_columns_of_the_value(project: Project) -> None:
    write(project, "format: avro\n")
    encoding = topic_files.encoding(project, "frost")
    assert encoding
    assert encoding.subject == "condition.frost-value"
    record = json.loads(encoding.schema.definition)
    assert record["name"] == "condition.frost"
    assert record["doc"] == "An alert for each hour in which it was freezing."
    assert [each["name"] for each in record["fields"]] == ["tag", "window_start", "min_value"]
    assert [each["doc"] for each in record["fields"]][1:] == ["Start of the hour [UTC]", "Lowest temperature [degC]"]


def test_subject_and_record_can_be_named(project: Project) -> None:
    write(project, "format: avro\nsubject: frost\nmessage: plant.FrostAlert\n")
    encoding = topic_files.encoding(project, "frost")
    assert encoding
    assert encoding.subject == "frost"
    assert json.loads(encoding.schema.definition)["name"] == "plant.FrostAlert"


def test_the_schema_of_protobuf_is_the_file(project: Project) -> None:
    write(project, IN_PROTOBUF)
    encoding = topic_files.encoding(project, "frost")
    assert encoding
    assert (encoding.schema.definition, encoding.schema.kind) == (PROTO, "PROTOBUF")
    assert encoding.names == ["tag", "window_start", "min_value"]


@pytest.mark.parametrize(
    ("also", "wanted"),
    [
        ("format: avor\n", "frost.yaml:10:1: format: input should be 'json', 'avro' or 'protobuf' (got 'avor')"),
        ("format: protobuf\n", "format: protobuf has no schema\n  fix: add schema: (a .proto next to this file) and "),
        ("format: avro\nschema: frost.proto\n", "schema: is for format: protobuf, and the format is avro"),
        ("subject: frost\n", "subject: is of a schema, and JSON is written without one"),
        ("format: avro\nmessage: frost alert\n", "'frost alert' is not a valid name of an Avro record"),
        (IN_PROTOBUF.replace("frost.p", "ice.p"), "frost.yaml:11:1: the schema ice.proto cannot be read: No such file"),
        (
            IN_PROTOBUF.replace("Frost", "Frosts"),
            "frost.yaml:12:1: frost.proto has no message 'Frosts'\n  fix: it has: plant.Frost",
        ),
    ],
)
def test_keys_that_do_not_go_together_are_refused(project: Project, also: str, wanted: str) -> None:
    write(project, also)
    assert wanted in problems(project)


def test_every_column_that_the_message_cannot_hold_is_named_at_its_line(project: Project) -> None:
    (project.sql / "_topics" / "frost.proto").write_text(
        PROTO.replace("optional double min_value", "double min_value").replace("google.protobuf.Timestamp", "int64")
    )
    write(project, IN_PROTOBUF)
    found = problems(project)
    assert "frost.yaml:6:3: 'window_start' is a timestamptz, and int64 in Frost\n  fix: make it google.prot" in found
    assert "frost.yaml:7:3: 'min_value' can be null, and Frost cannot say so: consumers would see a zero" in found


def test_a_schema_of_several_files_is_refused(project: Project) -> None:
    (project.sql / "_topics" / "units.proto").write_text('syntax = "proto3";\nmessage Unit { string name = 1; }\n')
    (project.sql / "_topics" / "frost.proto").write_text(PROTO.replace("package", 'import "units.proto";\npackage'))
    write(project, IN_PROTOBUF)
    assert "frost.proto imports units.proto; the schema of a topic is one file" in problems(project)


def test_a_fault_of_the_proto_is_at_its_line(project: Project) -> None:
    (project.sql / "_topics" / "frost.proto").write_text(PROTO.replace("string tag", "strin tag"))
    write(project, IN_PROTOBUF)
    assert "frost.proto:5:3" in problems(project)
