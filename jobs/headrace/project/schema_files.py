"""Schemas next to contracts: a .proto file, which is compiled, or a descriptor set."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from headrace.errors import Place, Problem, UserError, did_you_mean
from headrace.project import yaml_file
from headrace_udfs.contract import Contract
from headrace_udfs.formats.protobuf_schema import BadProto, ProtobufSchema
from headrace_udfs.formats.protobuf_schema import compiled as by_protoc

_AT = re.compile(r"(?P<file>[^:\n]+):(?P<line>\d+):(?P<column>\d+): (?P<what>.+)")
_WRITE = "write it with protoc --include_imports --descriptor_set_out=FILE.desc FILE.proto"


def with_schema(contract: Contract, path: Path) -> Contract:
    """Return the contract of the file `path` with its schema, compiled.

    Raises UserError if the schema cannot be used, at its line, or does not have the contract's message.
    """
    descriptors = compiled(path, str(contract.schema_file))
    schema = ProtobufSchema(descriptors)
    try:
        schema.message(str(contract.message))
    except KeyError:
        at = yaml_file.place(path, ("message",))
        what = f"{contract.schema_file} has no message '{contract.message}'"
        raise UserError(what, at, did_you_mean(str(contract.message), schema.messages, "it has")) from None
    return contract.with_schema(descriptors)


def compiled(path: Path, name: str) -> bytes:
    """Return the descriptor set of the schema that the file `path` names. Raises UserError with each of its faults."""
    file = path.parent / name
    try:
        content = file.read_bytes()
    except OSError as error:
        where, fix = yaml_file.place(path, ("schema",)), f"its path is relative to sql/{path.parent.name}/"
        raise UserError(f"the schema {name} cannot be read: {error.strerror}", where, fix) from None
    try:
        descriptors = _compiled(file, _newest(file)) if file.suffix == ".proto" else content
        ProtobufSchema(descriptors)
    except BadProto as error:
        raise UserError(_problems(str(error), file)) from None
    return descriptors


def _newest(file: Path) -> tuple[tuple[str, int, int], ...]:
    """Return what changes when a .proto file, or one next to it that it may import, does."""
    near = sorted(file.parent.rglob("*.proto"))
    return tuple((str(each), each.stat().st_mtime_ns, each.stat().st_size) for each in near)


@cache
def _compiled(file: Path, _newest: tuple[tuple[str, int, int], ...]) -> bytes:
    """Return the descriptor set of a .proto file. protoc takes a while, and contracts are read often."""
    return by_protoc(file)


def _problems(message: str, file: Path) -> list[Problem]:
    """Return a problem for each line of protoc's message."""
    if file.suffix != ".proto":
        return [Problem(message, Place.of(file), _WRITE)]
    problems = []
    for line in message.splitlines():
        if found := _AT.fullmatch(line.strip()):
            place = Place.of(file.parent / found["file"], int(found["line"]), int(found["column"]))
            problems.append(Problem(found["what"], place))
        else:
            problems.append(Problem(line.strip(), Place.of(file)))
    return problems
