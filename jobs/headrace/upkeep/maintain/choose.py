"""Choose the files to rewrite: small, unsorted and much deleted ones of a closed partition, fewer of an open one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pyiceberg.manifest import DataFile, FileFormat
from pyiceberg.table import Table
from pyiceberg.transforms import TimeTransform

from headrace.upkeep.maintain.deletes import Deletes, partition
from headrace.upkeep.maintain.live_files import Live, LiveFile

TARGET_BYTES = 128 * 2**20
"""Size of a file if the table does not set `write.target-file-size-bytes`."""
CLOSED_AFTER = timedelta(hours=1)
"""A partition is closed this long after its time has ended. The next run merges files that come later."""
ENOUGH = 8
"""An open partition's small files are merged once there are this many: each merge rewrites what the last one left.
Any file is rewritten once this many delete files may apply to it."""
AT_ONCE = 512 * 2**20
"""Bytes that one commit replaces. Each commit reads all manifests, so there should be few of them; but work that is not
committed yet is lost if the run ends, so they should not be large."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Group:
    """Data files of one partition that become one sorted run, without the rows that `deletes` delete.

    `closed`: no more rows are expected in it.
    """

    partition: str
    closed: bool
    data: tuple[LiveFile, ...]
    deletes: tuple[LiveFile, ...] = ()

    @property
    def files(self) -> tuple[DataFile, ...]:
        """The data files."""
        return tuple(each.file for each in self.data)

    @property
    def rows(self) -> int:
        """The number of rows in the files, with those that are deleted."""
        return sum(each.record_count for each in self.files)

    @property
    def bytes(self) -> int:
        """The size of the files together."""
        return sum(each.file_size_in_bytes for each in self.files)


def target_bytes(table: Table) -> int:
    """Return the size in bytes that a data file of the table should have."""
    return int(table.properties.get("write.target-file-size-bytes", TARGET_BYTES))


def choose(table: Table, live: Live, now: datetime) -> list[Group]:
    """Return the groups of live files to rewrite; empty if every partition is as it should be.

    Files of an earlier partition spec and files that are not Parquet are left as they are.
    """
    partitions: dict[tuple[Any, ...], list[LiveFile]] = defaultdict(list)
    for each in live.data:
        if each.file.spec_id == table.spec().spec_id and each.file.file_format == FileFormat.PARQUET:
            partitions[partition(each.file)].append(each)
    deletes = Deletes(table, live.deletes)
    return [group for members in partitions.values() for group in _gaining(table, members, deletes, now)]


def batched(groups: Iterable[Group]) -> Iterator[list[Group]]:
    """Yield the groups in batches of up to AT_ONCE bytes; a larger group is a batch of its own."""
    batch: list[Group] = []
    size = 0
    for each in groups:
        size += each.bytes
        if batch and size > AT_ONCE:
            yield batch
            batch, size = [], each.bytes
        batch.append(each)
    if batch:
        yield batch


def sorted_by(table: Table, file: DataFile) -> bool:
    """Whether the file is part of a run that a compaction sorted by the table's current order."""
    order = table.sort_order()
    return order.is_unsorted or file.sort_order_id == order.order_id


def _gaining(table: Table, files: list[LiveFile], deletes: Deletes, now: datetime) -> Iterator[Group]:
    closed = _closed(table, files[0].file, now)
    applied = {each: deletes.of(each) for each in files}
    small = {each for each in files if each.file.file_size_in_bytes < target_bytes(table) // 2}
    unsorted = {each for each in files if not sorted_by(table, each.file)}
    # A large file is not written again for one deleted row, but each reader applies all of its deletes.
    burdened = {each for each in files if len(applied[each]) >= ENOUGH}
    if closed:
        # Large sorted files stay: a late reading must not cause the whole day to be written again.
        chosen = small | unsorted | burdened
        gains = bool(unsorted | burdened) or len(small) > 1 or any(applied[each] for each in small)
    else:
        chosen, gains = small | burdened, len(small) >= ENOUGH or bool(burdened)
    if gains:
        path = table.spec().partition_to_path(files[0].file.partition, table.schema())
        data = tuple(each for each in files if each in chosen)
        yield Group(path or "all", closed, data, tuple({delete: None for each in data for delete in applied[each]}))


def _closed(table: Table, file: DataFile, now: datetime) -> bool:
    """Whether the file's partition is closed; never if no partition field is a time."""
    fields = enumerate(table.spec().fields)
    times = [(field.transform, file.partition[i]) for i, field in fields if isinstance(field.transform, TimeTransform)]
    return bool(times) and all(value is not None and end_of(str(by), value) + CLOSED_AFTER < now for by, value in times)


def end_of(by: str, value: int | date) -> datetime:
    """Return the end of the year, month, day or hour `by` that Iceberg counts as `value` from 1970 on."""
    number = (value - _EPOCH.date()).days if isinstance(value, date) else value
    if by == "hour":
        return _EPOCH + timedelta(hours=number + 1)
    if by == "day":
        return _EPOCH + timedelta(days=number + 1)
    months = (number + 1) * (12 if by == "year" else 1)
    return _EPOCH.replace(year=1970 + months // 12, month=months % 12 + 1)
