"""Snapshots are removed from the metadata as pyiceberg does it, in one pass."""

from __future__ import annotations

from typing import Any

import pytest
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.update import RemoveSnapshotsUpdate, update_table_metadata

from headrace.upkeep.maintain.remove_snapshots import RemoveSnapshots
from support.worlds.aged_snapshots import MINUTE, named, table


def removed(metadata: TableMetadata, by: Any, ids: list[int]) -> TableMetadata:
    return update_table_metadata(metadata, (by.model_validate({"snapshot-ids": ids}),))


def test_the_rest_is_what_pyiceberg_leaves_with_the_ids_of_removed_parents() -> None:
    metadata = table(n * MINUTE for n in range(50))
    ids = [*range(1, 30), 40]
    ours, theirs = removed(metadata, RemoveSnapshots, ids), removed(metadata, RemoveSnapshotsUpdate, ids)
    assert ours.snapshots[0].parent_snapshot_id == 29
    parents = {each.snapshot_id: each.parent_snapshot_id for each in metadata.snapshots}
    theirs.snapshots[:] = [
        each.model_copy(update={"parent_snapshot_id": parents[each.snapshot_id]}) for each in theirs.snapshots
    ]
    assert ours.model_copy(update={"last_updated_ms": theirs.last_updated_ms}) == theirs


def test_a_snapshot_that_a_tag_or_a_branch_names_is_not_removed() -> None:
    metadata = table(n * MINUTE for n in range(3))
    metadata.refs["audit"] = named(1)
    with pytest.raises(ValueError, match="named by audit"):
        removed(metadata, RemoveSnapshots, [1])
    with pytest.raises(ValueError, match="named by main"):
        removed(metadata, RemoveSnapshots, [3])


class Compared(int):
    """A snapshot's id that counts how often it is compared."""

    times = 0

    def __eq__(self, other: object) -> bool:
        Compared.times += 1
        return int(self) == other

    __hash__ = int.__hash__


def test_the_work_grows_with_the_number_of_snapshots_and_not_with_its_square() -> None:
    metadata = table(n * MINUTE for n in range(2000))
    metadata.snapshots[:] = [
        each.model_copy(update={"snapshot_id": Compared(each.snapshot_id)}) for each in metadata.snapshots
    ]
    update = RemoveSnapshots.model_construct(snapshot_ids=[Compared(n) for n in range(1, 1500)])
    Compared.times = 0
    assert len(update_table_metadata(metadata, (update,)).snapshots) == 501
    assert Compared.times < 5 * 2000
