"""A snapshot that replaces files with others, by default with Iceberg's operation `replace`, which changes no row."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property

from pyiceberg.exceptions import ValidationException
from pyiceberg.manifest import (
    DataFile,
    ManifestContent,
    ManifestEntry,
    ManifestEntryStatus,
    ManifestFile,
    ManifestWriter,
    ManifestWriterV2,
)
from pyiceberg.partitioning import PartitionSpec
from pyiceberg.table import Table, Transaction
from pyiceberg.table.snapshots import Operation, Summary
from pyiceberg.table.update.snapshot import _OverwriteFiles
from pyiceberg.typedef import EMPTY_DICT

_Kind = tuple[int, ManifestContent]


class Replace(_OverwriteFiles):
    """A snapshot that deletes and adds files; without any, it only has `properties` in its summary.

    Data files are added with the sequence number `sequence` (default: that of the snapshot), so that later deletes
    apply to their rows, and earlier ones do not. Delete files can be deleted like data files. If the new files lack
    rows, the `operation` is `overwrite`, or `delete` without new files.

    Readers that follow the table's appends skip it. Its parent is the transaction's own head. Raises
    ValidationException if the head lacks one of the deleted files; the catalog refuses it if the head has moved.
    """

    def __init__(
        self,
        transaction: Transaction,
        table: Table,
        properties: dict[str, str] = EMPTY_DICT,
        *,
        sequence: int | None = None,
        operation: Operation = Operation.REPLACE,
    ) -> None:
        super().__init__(Operation.OVERWRITE, transaction, table.io, snapshot_properties=properties)
        self._sequence, self._named = sequence, operation

    def _summary(self, snapshot_properties: dict[str, str] = EMPTY_DICT) -> Summary:
        # pyiceberg computes totals for other operations only, so this begins as an overwrite.
        return Summary(self._named, **super()._summary(snapshot_properties).additional_properties)

    def _manifests(self) -> list[ManifestFile]:
        kept, deleted = self._parted
        spec, added = self._transaction.table_metadata.default_spec_id, map(self._added, self._added_data_files)
        new = [self._written(spec, ManifestContent.DATA, [*added])] if self._added_data_files else []
        return [*new, *(self._written(*kind, entries) for kind, entries in deleted.items()), *kept]

    @cached_property
    def _parted(self) -> tuple[list[ManifestFile], dict[_Kind, list[ManifestEntry]]]:
        """Return the head's manifests without the deleted files, and the entries of the deleted files."""
        kept: list[ManifestFile] = []
        deleted: dict[_Kind, list[ManifestEntry]] = defaultdict(list)
        head = self._transaction.table_metadata.snapshot_by_name(self._target_branch or "")
        for manifest in head.manifests(self._io) if head else []:
            if not self._deleted_data_files:
                kept.append(manifest)
                continue
            kind = manifest.partition_spec_id, manifest.content
            live = self.fetch_manifest_entry(manifest)
            stay = [self._existing(each) for each in live if each.data_file not in self._deleted_data_files]
            if len(stay) < len(live):
                deleted[kind] += [self._gone(each) for each in live if each.data_file in self._deleted_data_files]
                kept += [self._written(*kind, stay)] if stay else []
            elif live:
                kept.append(manifest)
        if sum(map(len, deleted.values())) < len(self._deleted_data_files):
            raise ValidationException("files to be replaced are not in the table")
        return kept, deleted

    def _written(self, spec: int, content: ManifestContent, entries: list[ManifestEntry]) -> ManifestFile:
        with self._writer(self.spec(spec), content) as writer:
            for each in entries:
                writer.add_entry(each)
        return writer.to_manifest_file()

    def _writer(self, spec: PartitionSpec, content: ManifestContent) -> ManifestWriter:
        if content == ManifestContent.DATA:
            return self.new_manifest_writer(spec)
        schema = self._transaction.table_metadata.schema()
        return DeletesWriter(spec, schema, self.new_manifest_output(), self._snapshot_id, self._compression)

    def _added(self, file: DataFile) -> ManifestEntry:
        return ManifestEntry.from_args(
            status=ManifestEntryStatus.ADDED,
            snapshot_id=self._snapshot_id,
            sequence_number=self._sequence,
            data_file=file,
        )

    def _gone(self, entry: ManifestEntry) -> ManifestEntry:
        return _as(entry, ManifestEntryStatus.DELETED, self._snapshot_id)

    @staticmethod
    def _existing(entry: ManifestEntry) -> ManifestEntry:
        return _as(entry, ManifestEntryStatus.EXISTING, entry.snapshot_id)


class DeletesWriter(ManifestWriterV2):
    """Writes a manifest of delete files, which pyiceberg does not do."""

    def content(self) -> ManifestContent:
        """Return the kind of files in the manifest."""
        return ManifestContent.DELETES

    @property
    def _meta(self) -> dict[str, str]:
        return {**super()._meta, "content": "deletes"}


def _as(entry: ManifestEntry, status: ManifestEntryStatus, snapshot: int | None) -> ManifestEntry:
    return ManifestEntry.from_args(
        status=status,
        snapshot_id=snapshot,
        sequence_number=entry.sequence_number,
        file_sequence_number=entry.file_sequence_number,
        data_file=entry.data_file,
    )
