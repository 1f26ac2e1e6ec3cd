"""The states that a job can be started from: its savepoints and retained checkpoints, and which is the newest."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
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
    """A state of the incarnation `flink_job_id`; of its states of either kind, a higher `checkpoint_id` is newer."""

    kind: Kind
    path: str
    flink_job_id: str
    checkpoint_id: int


def incarnations(history: Sequence[Entry]) -> list[str]:
    """Return the Flink ids of a job's incarnations, oldest first."""
    return list(dict.fromkeys(entry.flink_job_id for entry in history))


def bounded(history: Sequence[Entry]) -> frozenset[str]:
    """Return the Flink ids of the incarnations that end by themselves.

    No job may continue from their state, because it holds the offset at which the Kafka source stops reading.
    """
    return frozenset(entry.flink_job_id for entry in history if entry.step == "bounded")


def newest(context: OperationContext, history: Sequence[Entry]) -> RestorePoint | None:
    """Return the newest state of the last incarnation with one; without a checkpoint, an incarnation wrote nothing."""
    for job_id in reversed(incarnations(history)):
        if point := newest_of(context, job_id, history):
            return point
    return None


def newest_of(context: OperationContext, job_id: str, history: Sequence[Entry]) -> RestorePoint | None:
    """Return the newest state that the incarnation left; None if it left none."""
    return max(all_of(context, job_id, history), key=lambda each: each.checkpoint_id, default=None)


def all_of(context: OperationContext, job_id: str, history: Sequence[Entry]) -> list[RestorePoint]:
    """Return all states of the incarnation: those in the cluster's folders, and the savepoints that the ledger names.

    Empty for a bounded incarnation. Raises PlatformError.
    """
    return [] if job_id in bounded(history) else _left(context, job_id, history)


def of_bounded(context: OperationContext, path: str, history: Sequence[Entry]) -> bool:
    """Whether a bounded incarnation of the job left the savepoint or checkpoint at `path`. Raises PlatformError."""
    points = (point for job_id in bounded(history) for point in _left(context, job_id, history))
    return any(same_place(point.path, path) for point in points)


def _left(context: OperationContext, job_id: str, history: Sequence[Entry]) -> list[RestorePoint]:
    paths = [e.savepoint for e in history if e.flink_job_id == job_id and e.step == "stopped" and e.savepoint]
    paths += [*_folders(context, SAVEPOINTS, "", f"savepoint-{job_id[:_ID_IN_NAME]}-")]
    paths += [*_folders(context, CHECKPOINTS, job_id, "chk-")]
    places = {_place(path): path for path in paths}
    return [point for path in places.values() if (point := _read(context, path, job_id))]


def at(context: OperationContext, path: str, history: Sequence[Entry]) -> RestorePoint | None:
    """Return the savepoint or checkpoint at `path`; None if no incarnation of the job left one there."""
    for job_id in reversed(incarnations(history)):
        for point in all_of(context, job_id, history):
            if same_place(point.path, path):
                return point
    return None


def exists(context: OperationContext, path: str) -> bool:
    """Whether there is a complete savepoint or checkpoint at `path`. Raises PlatformError."""
    return _read(context, path, "") is not None


def topics_in(context: OperationContext, path: str, topics: Iterable[str]) -> frozenset[str]:
    """Return those of `topics` whose offsets the savepoint or checkpoint at `path` has. Raises PlatformError."""
    system, place = _opened(context, path)
    with (
        iceberg.errors_reported("a savepoint cannot be read", path),
        system.open_input_file(f"{place}/{_METADATA}") as file,
    ):
        state = file.read()
    # A source keeps its partitions as Java writes texts: two bytes for the length, then the text.
    return frozenset(each for each in topics if len(each).to_bytes(2, "big") + each.encode() in state)


def same_place(path: str, other: str) -> bool:
    """Whether both are addresses of the same place: Flink writes file:/x, others file:///x."""
    return _place(path) == _place(other)


def _read(context: OperationContext, path: str, job_id: str) -> RestorePoint | None:
    """Return the state at the address; None if there is no complete savepoint or checkpoint."""
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
        raise PlatformError("this is not a valid Flink savepoint", path)
    kind: Kind = "checkpoint" if PurePosixPath(place).name.startswith("chk-") else "savepoint"
    return RestorePoint(kind, path, job_id, checkpoint_id)


def _place(path: str) -> tuple[str, str, str]:
    return PyArrowFileIO.parse_location(path.rstrip("/"))


def _folders(context: OperationContext, setting: str, under: str, prefix: str) -> Iterator[str]:
    """Yield the addresses of folders `<prefix>...` in the cluster's folder `setting`, or in its folder `under`."""
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
        raise PlatformError(
            f"{type(files).__name__} cannot list files", address, "remove py-io-impl from the catalog's options"
        )
    scheme, host, path = PyArrowFileIO.parse_location(address)
    try:
        return _system(files, scheme, host), path
    except ValueError:
        raise PlatformError(
            f"the catalog's client cannot read the file system of '{scheme}:' addresses", address
        ) from None


@lru_cache
def _system(files: PyArrowFileIO, scheme: str, host: str) -> FileSystem:
    return files.fs_by_scheme(scheme, host)
