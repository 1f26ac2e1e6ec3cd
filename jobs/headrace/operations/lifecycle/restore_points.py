"""What a job can be started from: its savepoints and retained checkpoints, the newest first of all."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Literal

from pyarrow.fs import FileSelector, FileSystem, FileType
from pyiceberg.io.pyarrow import PyArrowFileIO

from headrace.environment import iceberg
from headrace.errors import PlatformError
from headrace.operations.ledger import Entry
from headrace.operations.lifecycle.operation_context import OperationContext

CHECKPOINTS, SAVEPOINTS = "execution.checkpointing.dir", "execution.checkpointing.savepoint-dir"
_METADATA = "_metadata"
# Flink's MetadataSerializer: a magic number, the version of what follows, and then the checkpoint's id.
_HEADER = struct.Struct(">IiQ")
_MAGIC = 0x4960672D
_ID_IN_NAME = 6

Kind = Literal["savepoint", "checkpoint"]


@dataclass(frozen=True)
class RestorePoint:
    """State of the incarnation `flink_job_id`; of its `checkpoint_id`s a higher one is newer, of either kind."""

    kind: Kind
    path: str
    flink_job_id: str
    checkpoint_id: int


def incarnations(history: Sequence[Entry]) -> list[str]:
    """The ids of a job's incarnations in the order they came."""
    return list(dict.fromkeys(entry.flink_job_id for entry in history))


def newest(context: OperationContext, history: Sequence[Entry]) -> RestorePoint | None:
    """The newest state of the last incarnation that has any. One that never completed a checkpoint wrote nothing."""
    for job_id in reversed(incarnations(history)):
        if found := last_of(context, job_id, history):
            return found
    return None


def last_of(context: OperationContext, job_id: str, history: Sequence[Entry]) -> RestorePoint | None:
    """The newest state that the incarnation left."""
    return max(of(context, job_id, history), key=lambda each: each.checkpoint_id, default=None)


def of(context: OperationContext, job_id: str, history: Sequence[Entry]) -> list[RestorePoint]:
    """All that the incarnation left: in the cluster's folders, and the savepoints that the ledger tells of."""
    paths = [e.savepoint for e in history if e.flink_job_id == job_id and e.step == "stopped" and e.savepoint]
    paths += [*_folders(context, SAVEPOINTS, "", f"savepoint-{job_id[:_ID_IN_NAME]}-")]
    paths += [*_folders(context, CHECKPOINTS, job_id, "chk-")]
    places = {_place(path): path for path in paths}
    return [made for path in places.values() if (made := _read(context, path, job_id))]


def _read(context: OperationContext, path: str, job_id: str) -> RestorePoint | None:
    """What lies at the address; None where there is no whole savepoint or checkpoint (any more)."""
    system, place = _opened(context, path)
    with iceberg.errors_reported("a savepoint cannot be read", path):
        file = f"{place}/{_METADATA}"
        if system.get_file_info(file).type != FileType.File:
            return None
        with system.open_input_stream(file) as stream:
            header = stream.read(_HEADER.size)
    if len(header) < _HEADER.size:
        return None
    magic, _, checkpoint_id = _HEADER.unpack(header)
    if magic != _MAGIC:
        raise PlatformError("this is no savepoint of Flink's", path)
    kind: Kind = "checkpoint" if PurePosixPath(place).name.startswith("chk-") else "savepoint"
    return RestorePoint(kind, path, job_id, checkpoint_id)


def at(context: OperationContext, path: str, history: Sequence[Entry]) -> RestorePoint | None:
    """The one that lies at `path`, if an incarnation of the job left it."""
    for job_id in reversed(incarnations(history)):
        for found in of(context, job_id, history):
            if same(found.path, path):
                return found
    return None


def same(path: str, other: str) -> bool:
    """Whether both are the address of one place: Flink writes file:/x, others file:///x."""
    return _place(path) == _place(other)


def _place(path: str) -> tuple[str, str, str]:
    return PyArrowFileIO.parse_location(path.rstrip("/"))


def _folders(context: OperationContext, setting: str, under: str, prefix: str) -> Iterator[str]:
    """The addresses of the folders in the cluster's folder (in `under` in it) whose names begin with `prefix`."""
    root = context.cluster.setting(setting)
    if root is None:
        return
    address = "/".join(part for part in (root.rstrip("/"), under) if part)
    system, place = _opened(context, address)
    with iceberg.errors_reported("the cluster's checkpoints cannot be listed", address):
        for info in system.get_file_info(FileSelector(place, allow_not_found=True)):
            if info.type == FileType.Directory and info.base_name.startswith(prefix):
                yield f"{address}/{info.base_name}"


def _opened(context: OperationContext, address: str) -> tuple[FileSystem, str]:
    files = context.ledger.io
    if not isinstance(files, PyArrowFileIO):
        raise PlatformError(f"{type(files).__name__} cannot list files", address, "leave py-io-impl out of the catalog")
    scheme, host, path = PyArrowFileIO.parse_location(address)
    return _system(files, scheme, host), path


@lru_cache
def _system(files: PyArrowFileIO, scheme: str, host: str) -> FileSystem:
    return files.fs_by_scheme(scheme, host)
