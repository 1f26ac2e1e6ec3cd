"""The tags that have readings, whether or not a list names them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from threading import Lock

import pyarrow.compute as pc
from pyiceberg.expressions import AlwaysTrue
from pyiceberg.io.pyarrow import ArrowScan
from pyiceberg.manifest import DataFile, FileFormat, ManifestContent, ManifestFile
from pyiceberg.table import FileScanTask, Table
from pyiceberg.utils.concurrent import ExecutorFactory

from headrace.historian.read.files import Manifests
from headrace.historian.read.footers import Footers


@dataclass
class ReportedTags:
    """The tags in the data files that were looked at so far; threads may share it.

    No file is looked at twice. A tag stays known after its last reading was deleted.
    """

    _manifests: set[str] = field(default_factory=set)
    _files: set[str] = field(default_factory=set)
    _tags: set[str] = field(default_factory=set)
    _lock: Lock = field(default_factory=Lock)

    def of(self, table: Table, manifests: Manifests, footers: Footers) -> frozenset[str]:
        """Return the tags of all readings in the snapshot, after looking at the files that are new in it."""
        with self._lock:
            snapshot = table.current_snapshot()
            listed = snapshot.manifests(table.io) if snapshot else []
            new = [each for each in listed if _has_data(each) and each.manifest_path not in self._manifests]
            entries = (entry for each in new for entry in manifests.entries(table.io, each))
            files = {entry.data_file.file_path: entry.data_file for entry in entries}
            unread = [file for path, file in files.items() if path not in self._files]
            for tags in ExecutorFactory.get_or_create().map(lambda file: _tags(table, footers, file), unread):
                self._tags.update(tags)
            # Remembered only now: if a file cannot be read, the next question looks at it again.
            self._files.update(files)
            self._manifests.update(each.manifest_path for each in new)
            return frozenset(self._tags)


def _has_data(manifest: ManifestFile) -> bool:
    live = manifest.has_added_files() or manifest.has_existing_files()
    return live and manifest.content == ManifestContent.DATA


def _tags(table: Table, footers: Footers, file: DataFile) -> Iterable[str]:
    """Return the tags of a data file: from its bounds if it has one tag, otherwise from its column of tags."""
    schema = table.schema()
    tag, ts = (schema.find_field(name).field_id for name in ("tag", "ts"))
    low, high = (file.lower_bounds or {}).get(tag), (file.upper_bounds or {}).get(tag)
    if low is not None and low == high:
        return [low.decode()]
    if file.file_format == FileFormat.PARQUET:
        source = table.io.new_input(file.file_path)
        return footers.of(source, tag, ts).tags(source)
    scan = table.scan(selected_fields=("tag",))
    arrow = ArrowScan(scan.table_metadata, scan.io, scan.projection(), AlwaysTrue())
    batches = arrow.to_record_batches([FileScanTask(file)])
    return {name for batch in batches for name in pc.unique(batch["tag"]).to_pylist()}
