"""A snapshot that replaces files with others: Iceberg's operation `replace`, which changes no row."""

from __future__ import annotations

from functools import cached_property

from pyiceberg.exceptions import ValidationException
from pyiceberg.manifest import ManifestContent, ManifestEntry, ManifestEntryStatus, ManifestFile
from pyiceberg.table import Table, Transaction
from pyiceberg.table.snapshots import Operation, Summary
from pyiceberg.table.update.snapshot import _OverwriteFiles
from pyiceberg.typedef import EMPTY_DICT


class Replace(_OverwriteFiles):
    """A snapshot that deletes and adds files; without any, it only has `properties` in its summary.

    Readers that follow the table's appends skip it. Its parent is the transaction's own head. Raises
    ValidationException if the head lacks one of the deleted files; the catalog refuses it if the head has moved.
    """

    def __init__(self, transaction: Transaction, table: Table, properties: dict[str, str] = EMPTY_DICT) -> None:
        super().__init__(Operation.OVERWRITE, transaction, table.io, snapshot_properties=properties)

    def _summary(self, snapshot_properties: dict[str, str] = EMPTY_DICT) -> Summary:
        # pyiceberg computes totals for other operations only, so this begins as an overwrite.
        return Summary(Operation.REPLACE, **super()._summary(snapshot_properties).additional_properties)

    def _existing_manifests(self) -> list[ManifestFile]:
        return self._parted[0]

    def _deleted_entries(self) -> list[ManifestEntry]:
        return self._parted[1]

    @cached_property
    def _parted(self) -> tuple[list[ManifestFile], list[ManifestEntry]]:
        """Return the head's manifests without the deleted files, and the entries of the deleted files."""
        kept: list[ManifestFile] = []
        deleted: list[ManifestEntry] = []
        head = self._transaction.table_metadata.snapshot_by_name(self._target_branch or "")
        for manifest in head.manifests(self._io) if head else []:
            if not self._deleted_data_files:
                kept.append(manifest)
                continue
            if manifest.content == ManifestContent.DELETES:
                raise ValidationException("there are deletes for the files to be replaced")
            live = self.fetch_manifest_entry(manifest)
            gone = [entry for entry in live if entry.data_file in self._deleted_data_files]
            deleted += [_as(entry, ManifestEntryStatus.DELETED) for entry in gone]
            if not gone and live:
                kept.append(manifest)
            elif len(gone) < len(live):
                kept.append(self._without(manifest, live))
        if len(deleted) < len(self._deleted_data_files):
            raise ValidationException("files to be replaced are not in the table")
        return kept, deleted

    def _without(self, manifest: ManifestFile, live: list[ManifestEntry]) -> ManifestFile:
        with self.new_manifest_writer(self.spec(manifest.partition_spec_id)) as writer:
            for entry in live:
                if entry.data_file not in self._deleted_data_files:
                    writer.add_entry(_as(entry, ManifestEntryStatus.EXISTING))
        return writer.to_manifest_file()


def _as(entry: ManifestEntry, status: ManifestEntryStatus) -> ManifestEntry:
    return ManifestEntry.from_args(
        status=status,
        snapshot_id=entry.snapshot_id,
        sequence_number=entry.sequence_number,
        file_sequence_number=entry.file_sequence_number,
        data_file=entry.data_file,
    )
