"""The schemas of topics that jobs write: of Avro, made of the columns; of Protobuf, from a .proto file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from google.protobuf.descriptor import Descriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from headrace.errors import Place, Problem, UserError, did_you_mean
from headrace.project import schema_files, yaml_file
from headrace.project.topic import Topic
from headrace_udfs.encoding import Encoding
from headrace_udfs.formats.protobuf_schema import ProtobufSchema
from headrace_udfs.formats.write_avro import WrittenColumn, record_name, record_schema
from headrace_udfs.formats.write_protobuf import misfits
from headrace_udfs.schemas import Schema


def encoding(topic: Topic, path: Path) -> Encoding | None:
    """Return how the values of the topic of the file `path` are written; None for JSON.

    Raises UserError with each fault of its schema, and each column that the schema cannot hold.
    """
    if topic.format == "json":
        return None
    subject = topic.subject or f"{topic.topic}-value"
    columns = tuple(
        WrittenColumn(name, str(column.type), column.required, _doc(column.doc, column.unit))
        for name, column in topic.value_columns.items()
    )
    if topic.format == "avro":
        name = topic.message or record_name(topic.topic)
        return Encoding(topic.topic, subject, Schema(record_schema(name, topic.description, columns)), columns)
    file = path.parent / str(topic.schema_file)
    descriptors = schema_files.compiled(path, str(topic.schema_file))
    message = str(topic.message)
    if problems := [*_import_problems(descriptors, file), *_misfits(descriptors, message, columns, path, file)]:
        raise UserError(problems)
    text = file.read_text(encoding="utf-8")
    return Encoding(topic.topic, subject, Schema(text, kind="PROTOBUF"), columns, message, descriptors)


def _doc(doc: str | None, unit: str | None) -> str | None:
    return f"{doc or ''} [{unit}]".strip() if unit else doc


def _import_problems(descriptors: bytes, file: Path) -> Iterator[Problem]:
    """Yield a problem for each import that the registry would have to know as a schema of its own."""
    *_, last = FileDescriptorSet.FromString(descriptors).file
    for name in last.dependency:
        if not name.startswith("google/protobuf/"):
            fix = "write what it has into the file itself"
            yield Problem(f"{file.name} imports {name}; the schema of a topic is one file", Place.of(file), fix)


def _misfits(
    descriptors: bytes, message: str, columns: tuple[WrittenColumn, ...], path: Path, file: Path
) -> Iterator[Problem]:
    schema = ProtobufSchema(descriptors)
    try:
        descriptor: Descriptor = schema.message(message)
    except KeyError:
        where = yaml_file.place(path, ("message",))
        yield Problem(
            f"{file.name} has no message '{message}'", where, did_you_mean(message, schema.messages, "it has")
        )
        return
    for column, what, fix in misfits(descriptor, columns):
        yield Problem(what, yaml_file.place(path, ("columns", column) if column else ("message",)), fix)
