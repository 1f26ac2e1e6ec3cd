"""Which files gain by being rewritten: those of a closed day that are not sorted, small ones of any other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pyiceberg.manifest import DataFile, FileFormat
from pyiceberg.table import Table
from pyiceberg.transforms import TimeTransform

TARGET_BYTES = 128 * 2**20
"""Size of a file where the table's `write.target-file-size-bytes` says none."""
CLOSED_AFTER = timedelta(hours=1)
"""A partition is closed so long after its time is over: what comes later is merged in by the next run."""
ENOUGH = 8
"""An open partition's small files are merged once there are so many: each merging writes the last one's rest again."""
AT_ONCE = 512 * 2**20
"""Bytes that one commit puts in place: each reads all manifests, and what is not yet put in place may be lost."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Group:
    """Files of one partition that become one sorted run. `closed`: no more is expected in it."""

    partition: str
    closed: bool
    files: tuple[DataFile, ...]

    @property
    def rows(self) -> int:
        return sum(each.record_count for each in self.files)

    @property
    def bytes(self) -> int:
        return sum(each.file_size_in_bytes for each in self.files)


def target_bytes(table: Table) -> int:
    """The size that a data file of the table is to have."""
    return int(table.properties.get("write.target-file-size-bytes", TARGET_BYTES))


def choose(table: Table, files: Iterable[DataFile], now: datetime) -> list[Group]:
    """The groups of `files`, all live in the table, that gain; none where each partition is as it should be.

    Files of an earlier partition spec stay as they are, as do those that are not Parquet.
    """
    partitions: dict[tuple[Any, ...], list[DataFile]] = defaultdict(list)
    for each in files:
        if each.spec_id == table.spec().spec_id and each.file_format == FileFormat.PARQUET:
            partitions[tuple(each.partition[i] for i in range(len(each.partition)))].append(each)
    return [group for found in partitions.values() for group in _gaining(table, found, now)]


def batched(groups: Iterable[Group]) -> Iterator[list[Group]]:
    """The groups in runs of AT_ONCE bytes, or of one that is larger."""
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
    """Whether the file is part of a run that a compaction sorted by the table's order of now."""
    order = table.sort_order()
    return order.is_unsorted or file.sort_order_id == order.order_id


def _gaining(table: Table, files: list[DataFile], now: datetime) -> Iterator[Group]:
    closed = _closed(table, files[0], now)
    small = [each for each in files if each.file_size_in_bytes < target_bytes(table) // 2]
    unsorted = [each for each in files if not sorted_by(table, each)]
    if closed:
        # Large sorted files stay: a reading that comes late does not have the whole day written again.
        chosen, gains = {*small, *unsorted}, bool(unsorted) or len(small) > 1
    else:
        chosen, gains = {*small}, len(small) >= ENOUGH
    if gains:
        path = table.spec().partition_to_path(files[0].partition, table.schema())
        yield Group(path or "all", closed, tuple(each for each in files if each in chosen))


def _closed(table: Table, file: DataFile, now: datetime) -> bool:
    """Whether the time of the file's partition is over; where no field is of time it never is."""
    fields = enumerate(table.spec().fields)
    times = [(field.transform, file.partition[i]) for i, field in fields if isinstance(field.transform, TimeTransform)]
    return bool(times) and all(value is not None and _end(str(by), value) + CLOSED_AFTER < now for by, value in times)


def _end(by: str, value: int | date) -> datetime:
    """When the partition `value` of a year, month, day or hour ends; Iceberg counts each from 1970 on."""
    number = (value - _EPOCH.date()).days if isinstance(value, date) else value
    if by == "hour":
        return _EPOCH + timedelta(hours=number + 1)
    if by == "day":
        return _EPOCH + timedelta(days=number + 1)
    months = (number + 1) * (12 if by == "year" else 1)
    return _EPOCH.replace(year=1970 + months // 12, month=months % 12 + 1)
