"""Files in a table's folders that nothing refers to: what a crash, or a commit that was overtaken, left behind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from pyarrow.fs import FileInfo, FileSelector, FileSystem, FileType
from pyiceberg.catalog import Catalog
from pyiceberg.io.pyarrow import PyArrowFileIO
from pyiceberg.table import Table

from headrace.environment import iceberg
from headrace.errors import PlatformError
from headrace.upkeep.maintain.flink import Incarnations, pending
from headrace.upkeep.maintain.live_files import manifests, place, reached
from headrace.upkeep.maintain.report import Removed

SAFE_AGE = timedelta(days=7)
"""Writers have files lie for a while before they commit them: what is younger is not touched."""
_FOLDERS = ("data", "metadata")


@dataclass(frozen=True)
class Orphans:
    """The files, and the file system they lie in."""

    system: FileSystem
    files: tuple[FileInfo, ...]

    @property
    def told(self) -> Removed:
        return Removed(len(self.files), sum(each.size for each in self.files))

    def remove(self) -> None:
        for each in self.files:
            try:
                self.system.delete_file(each.path)
            except FileNotFoundError:
                continue  # another maintainer was faster


def find(catalog: Catalog, name: str, jobs: Incarnations, now: datetime) -> Orphans:
    """Files in the table's own data and metadata folders, older than SAFE_AGE, of no snapshot and no kept metadata.

    Files that a job may commit yet, once it starts again, are none.

    Raises PlatformError.
    """
    table = iceberg.load_table(catalog, name)
    if not isinstance(table.io, PyArrowFileIO):
        raise PlatformError(f"{type(table.io).__name__} cannot list files", name, "leave py-io-impl out of the catalog")
    with iceberg.errors_reported(f"files of table {name} cannot be listed"):
        scheme, host, root = PyArrowFileIO.parse_location(table.location().rstrip("/"))
        system = table.io.fs_by_scheme(scheme, host)
        old = {each.path: each for folder in _FOLDERS for each in _files(system, f"{root}/{folder}", now - SAFE_AGE)}
        # Listed before the metadata is read: what is committed meanwhile is known then.
        if old:
            table = iceberg.load_table(catalog, name)
            for path in (*_used(table), *pending(table, tuple(old), jobs)):
                old.pop(place(path), None)
    return Orphans(system, tuple(old.values()))


def _files(system: FileSystem, folder: str, before: datetime) -> Iterator[FileInfo]:
    for info in system.get_file_info(FileSelector(folder, recursive=True, allow_not_found=True)):
        if info.type == FileType.File and info.mtime < before:
            yield info


def _used(table: Table) -> Iterator[str]:
    yield table.metadata_location
    yield from (each.metadata_file for each in table.metadata.metadata_log)
    yield from (each.statistics_path for each in table.metadata.statistics)
    yield from (each.statistics_path for each in table.metadata.partition_statistics)
    yield f"{table.metadata_location.rpartition('/')[0]}/version-hint.text"
    snapshots = table.snapshots()
    yield from (path for path, _ in reached(table.io, snapshots, manifests(table.io, snapshots)))
