"""Schemas of Protobuf: files as protoc compiled them, and the message types in them."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib import import_module
from pathlib import Path

from google.protobuf.descriptor import Descriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool

LIMIT_S = 60
"""Timeout of protoc, in seconds."""


class BadProto(Exception):
    """The schema cannot be used; the message says why, as protoc does for a .proto file: `file:line:column: ...`."""


class ProtobufSchema:
    """The message types of a file and of those that it imports."""

    def __init__(self, descriptor_set: bytes) -> None:
        """Read a serialized FileDescriptorSet. Raises BadProto if it is not one, or lacks a file that it imports."""
        files = FileDescriptorSet()
        try:
            files.ParseFromString(descriptor_set)
        except Exception:
            raise BadProto("the file is not a descriptor set, as protoc --descriptor_set_out writes it") from None
        if not files.file:
            raise BadProto("the descriptor set is empty")
        self._files = {each.name: each for each in files.file}
        self._last = files.file[-1].name
        self._pool = DescriptorPool()
        self._added: set[str] = set()
        for each in files.file:
            self._add(each)

    @cached_property
    def messages(self) -> list[str]:
        """The full names of the message types, without those of google.protobuf, in order."""
        found: list[str] = []
        for name, file in self._files.items():
            if not name.startswith("google/protobuf/"):
                prefix = f"{file.package}." if file.package else ""
                found += _names(prefix, list(file.message_type))
        return found

    def message(self, name: str) -> Descriptor:
        """Return the message type of this name, with or without its package. Raises KeyError."""
        full = [each for each in self.messages if each == name or each.endswith(f".{name}")]
        exact = name if name in full else full[0] if len(full) == 1 else None
        if exact is None:
            raise KeyError(name)
        return self._pool.FindMessageTypeByName(exact)

    def at(self, indexes: Sequence[int]) -> Descriptor:
        """Return the message type that indexes name, as registries number them in the last file. Raises IndexError."""
        types = list(self._pool.FindFileByName(self._last).message_types_by_name.values())
        found = None
        for index in indexes:
            if index < 0:
                raise IndexError(index)
            found = types[index]
            types = list(found.nested_types)
        if found is None:
            raise IndexError
        return found

    def _add(self, file: FileDescriptorProto) -> None:
        if file.name in self._added:
            return
        self._added.add(file.name)
        for name in file.dependency:
            found = self._files.get(name) or _well_known(name)
            if found is None:
                raise BadProto(f"{file.name} imports {name}, which is not in the set; use protoc --include_imports")
            self._add(found)
        try:
            self._pool.AddSerializedFile(file.SerializeToString())
            self._pool.FindFileByName(file.name)
        except Exception as error:
            raise BadProto(f"{file.name}: {error}") from None


def _well_known(name: str) -> FileDescriptorProto | None:
    """Return the file of google.protobuf with this name; registries do not have these."""
    if not re.fullmatch(r"google/protobuf/[a-z_]+\.proto", name):
        return None
    try:
        module = import_module(name.removesuffix(".proto").replace("/", ".") + "_pb2")
    except ImportError:
        return None
    return FileDescriptorProto.FromString(module.DESCRIPTOR.serialized_pb)


def _names(prefix: str, types: Sequence[object]) -> list[str]:
    found: list[str] = []
    for each in types:
        if not each.options.map_entry:  # type: ignore[attr-defined]
            found.append(f"{prefix}{each.name}")  # type: ignore[attr-defined]
            found += _names(f"{prefix}{each.name}.", each.nested_type)  # type: ignore[attr-defined]
    return found


def compiled(path: Path) -> bytes:
    """Return the descriptor set of a .proto file; what it imports is looked up next to it. Raises BadProto."""
    with tempfile.TemporaryDirectory(prefix="headrace-proto-") as folder:
        out = Path(folder) / "set"
        command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{path.parent}", "--include_imports"]
        command += [f"--descriptor_set_out={out}", str(path)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
        except subprocess.TimeoutExpired:
            raise BadProto(f"protoc did not end within {LIMIT_S} s") from None
        if done.returncode:
            raise BadProto(done.stderr.strip().replace(f"{path.parent}/", "") or "protoc failed")
        return out.read_bytes()


def compiled_texts(definition: str, imports: Mapping[str, str]) -> bytes:
    """Return the descriptor set of a .proto given as text, with those that it imports by name. Raises BadProto."""
    with tempfile.TemporaryDirectory(prefix="headrace-proto-") as folder:
        root = Path(folder)
        for name, text in {**imports, "schema.proto": definition}.items():
            path = (root / name).resolve()
            if not path.is_relative_to(root.resolve()):
                raise BadProto(f"the schema imports '{name}', which is not a relative path")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return compiled(root / "schema.proto")
