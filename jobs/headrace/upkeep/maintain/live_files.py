"""The files that a table's snapshots consist of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pyiceberg.io import FileIO
from pyiceberg.io.pyarrow import PyArrowFileIO
from pyiceberg.manifest import DataFile, ManifestContent, ManifestEntry, ManifestFile
from pyiceberg.table import Table
from pyiceberg.table.snapshots import Snapshot


@dataclass(frozen=True)
class LiveFile:
    """A data or delete file and its data sequence number, which decides which rows a delete applies to."""

    file: DataFile
    sequence: int


@dataclass(frozen=True)
class Live:
    """The data files and the delete files of the current snapshot."""

    data: tuple[LiveFile, ...]
    deletes: tuple[LiveFile, ...]

    @classmethod
    def of(cls, table: Table) -> Live:
        """Return the live files of the table as it was loaded."""
        snapshot = table.current_snapshot()
        parts: dict[ManifestContent, list[LiveFile]] = {ManifestContent.DATA: [], ManifestContent.DELETES: []}
        for manifest in snapshot.manifests(table.io) if snapshot else []:
            live = _live(table.io, manifest)
            parts[manifest.content] += [LiveFile(each.data_file, each.sequence_number or 0) for each in live]
        return cls(tuple(parts[ManifestContent.DATA]), tuple(parts[ManifestContent.DELETES]))

    @property
    def files(self) -> tuple[DataFile, ...]:
        """The data files."""
        return tuple(each.file for each in self.data)

    @property
    def bytes(self) -> int:
        """The size of the data files together."""
        return sum(each.file.file_size_in_bytes for each in self.data)


def manifests(io: FileIO, snapshots: Iterable[Snapshot]) -> dict[str, ManifestFile]:
    """Return all manifests of the snapshots, by path."""
    return {each.manifest_path: each for snapshot in snapshots for each in snapshot.manifests(io)}


def entries(io: FileIO, listed: Iterable[ManifestFile]) -> Iterator[DataFile]:
    """Yield the data and delete files that are live in the manifests."""
    for manifest in listed:
        yield from (entry.data_file for entry in _live(io, manifest))


def reached(io: FileIO, snapshots: Iterable[Snapshot], known: Mapping[str, ManifestFile]) -> Iterator[tuple[str, int]]:
    """Yield the path and the size in bytes of each file of the snapshots; `known` are the manifests to read, by path.

    The size of a manifest list is 0, because it is not recorded.
    """
    yield from ((snapshot.manifest_list, 0) for snapshot in snapshots)
    yield from ((path, manifest.manifest_length) for path, manifest in known.items())
    yield from ((each.file_path, each.file_size_in_bytes) for each in entries(io, known.values()))


def place(path: str) -> str:
    """Return the path within its file system: Flink writes file:/x, pyiceberg file:///x."""
    _, _, place = PyArrowFileIO.parse_location(path)
    return place


def _live(io: FileIO, manifest: ManifestFile) -> list[ManifestEntry]:
    return manifest.fetch_manifest_entry(io, discard_deleted=True)
