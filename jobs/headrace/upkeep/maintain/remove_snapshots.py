"""Remove many snapshots from a table's metadata, in time that grows with their number and not with its square."""

from __future__ import annotations

from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.update import RemoveSnapshotsUpdate, _apply_table_update, _TableMetadataUpdateContext


class RemoveSnapshots(RemoveSnapshotsUpdate):
    """Iceberg's update `remove-snapshots`. pyiceberg compares each removed snapshot with each of the table.

    Like Iceberg's Java library, and unlike pyiceberg, it leaves the id of a removed parent in the snapshot that stays:
    a reader that has read the parent can continue with its child.
    """


@_apply_table_update.register
def _apply(
    update: RemoveSnapshots, base_metadata: TableMetadata, context: _TableMetadataUpdateContext
) -> TableMetadata:
    gone = frozenset(update.snapshot_ids)
    if named := [name for name, ref in base_metadata.refs.items() if ref.snapshot_id in gone]:
        raise ValueError(f"snapshots to be removed are named by {', '.join(named)}")
    context.add_update(update)
    statistics = [each for each in base_metadata.statistics if each.snapshot_id not in gone]
    return base_metadata.model_copy(
        update={
            "snapshots": [each for each in base_metadata.snapshots if each.snapshot_id not in gone],
            "snapshot_log": [each for each in base_metadata.snapshot_log if each.snapshot_id not in gone],
            "statistics": statistics,
        }
    )
