"""Find and delete files in a table's folders that nothing refers to: a crash or a refused commit left them."""

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
"""Younger files are not touched: a writer commits a file some time after it has written it."""
METADATA_AGE = timedelta(hours=3)
"""The same for the metadata of a commit, which is written right before it. A table may get one every few seconds, as
large as all of its snapshots, and not delete the old ones itself."""
_METADATA = ".metadata.json"
_FOLDERS = ("data", "metadata")


@dataclass(frozen=True)
class Orphans:
    """The files, and the file system that they are in."""

    system: FileSystem
    files: tuple[FileInfo, ...]

    @property
    def removed(self) -> Removed:
        """The report of the files once they are removed."""
        return Removed(len(self.files), sum(each.size for each in self.files))

    def remove(self) -> None:
        """Delete the files."""
        for each in self.files:
            try:
                self.system.delete_file(each.path)
            except FileNotFoundError:
                continue  # another maintainer was faster


def find(catalog: Catalog, name: str, jobs: Incarnations, now: datetime) -> Orphans:
    """Return files of the table's data and metadata folders, older than SAFE_AGE, that nothing refers to.

    Metadata files that the current one no longer lists are among them from METADATA_AGE on.

    Files that a job may still commit once it starts again are not among them.

    Raises PlatformError.
    """
    table = iceberg.load_table(catalog, name)
    if not isinstance(table.io, PyArrowFileIO):
        raise PlatformError(
            f"{type(table.io).__name__} cannot list files", name, "remove py-io-impl from the catalog's options"
        )
    with iceberg.errors_reported(f"files of table {name} cannot be listed"):
        scheme, host, root = PyArrowFileIO.parse_location(table.location().rstrip("/"))
        system = table.io.fs_by_scheme(scheme, host)
        old = {each.path: each for folder in _FOLDERS for each in _files(system, f"{root}/{folder}", now)}
        # The metadata is read after the files are listed, so that files committed in between count as used.
        if old:
            table = iceberg.load_table(catalog, name)
            for path in (*_used(table), *pending(table, tuple(old), jobs)):
                old.pop(place(path), None)
    return Orphans(system, tuple(old.values()))


def _files(system: FileSystem, folder: str, now: datetime) -> Iterator[FileInfo]:
    for info in system.get_file_info(FileSelector(folder, recursive=True, allow_not_found=True)):
        age = METADATA_AGE if info.base_name.endswith(_METADATA) else SAFE_AGE
        if info.type == FileType.File and info.mtime < now - age:
            yield info


def _used(table: Table) -> Iterator[str]:
    yield table.metadata_location
    yield from (each.metadata_file for each in table.metadata.metadata_log)
    yield from (each.statistics_path for each in table.metadata.statistics)
    yield from (each.statistics_path for each in table.metadata.partition_statistics)
    yield f"{table.metadata_location.rpartition('/')[0]}/version-hint.text"
    snapshots = table.snapshots()
    yield from (path for path, _ in reached(table.io, snapshots, manifests(table.io, snapshots)))
