"""Which rows of a table are older than its retention: by partition, because no time is cut within one."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.transforms import TimeTransform

from headrace.operations.deleted_rows import DeletedRows, packed
from headrace.operations.offset_runs import NONE, Runs, runs, union
from headrace.project.retention import DEFAULT, Retention
from headrace.project.system_tables import POSITION
from headrace.upkeep.maintain.choose import end_of
from headrace.upkeep.maintain.deletes import read
from headrace.upkeep.maintain.live_files import Live, LiveFile

_JOB = "job"
_Origin = tuple[str | None, int | None, str | None]
"""Topic, partition and job of a row; None for what the table does not keep."""


@dataclass(frozen=True)
class Policy:
    """What to delete at the time `now`; rows from the time `needed` on are kept."""

    retention: Retention
    now: datetime
    needed: datetime | None = None

    def classes(self, end: datetime) -> tuple[str, ...]:
        """Return the names of the classes whose rows are deleted from a partition that ends at `end`.

        A day is deleted once all of it is older than its class is kept, counted in whole days.
        """
        if self.needed and end > self.needed:
            return ()
        today = self.now.replace(hour=0, minute=0, second=0, microsecond=0)
        return tuple(each for each in self.retention.names if end <= today - self.retention.keep(each))


@dataclass(frozen=True)
class Expired:
    """A file with rows to delete: how many, and their offsets, by class and origin.

    [start, end) is the time of the file's partition, and `partition` its path.
    """

    file: LiveFile
    partition: str
    start: datetime
    end: datetime
    parts: Mapping[tuple[str, _Origin], tuple[int, Runs]]

    @property
    def rows(self) -> Mapping[str, int]:
        """The number of rows to delete by class."""
        counts: Counter[str] = Counter()
        for (name, _), (number, _) in self.parts.items():
            counts[name] += number
        return counts

    @property
    def whole(self) -> bool:
        """Whether no row of the file stays."""
        return sum(self.rows.values()) == self.file.file.record_count

    def bytes(self, name: str) -> int:
        """Return the share of the file's size that the rows of a class have."""
        file = self.file.file
        return round(file.file_size_in_bytes * self.rows[name] / max(file.record_count, 1))


def expired(table: Table, live: Live, policy: Policy) -> Iterator[Expired]:
    """Yield the files with rows to delete, of the table's current partition spec."""
    for file, start, end in _timed(table, live):
        if names := policy.classes(end):
            path = table.spec().partition_to_path(file.file.partition, table.schema())
            if parts := _Rows(table, policy.retention, file, names).parts:
                yield Expired(file, path, start, end, parts)


def held(table: Table, live: Live, policy: Policy) -> int:
    """Return the number of files that have rows to delete, or may have some, but for `policy.needed`."""
    free = Policy(policy.retention, policy.now)
    return sum(bool(free.classes(end)) and not policy.classes(end) for _, _, end in _timed(table, live))


def _timed(table: Table, live: Live) -> Iterator[tuple[LiveFile, datetime, datetime]]:
    """Yield the files of the current partition spec, each with the time [start, end) of its partition."""
    spec = table.spec()
    times = [(n, str(f.transform)) for n, f in enumerate(spec.fields) if isinstance(f.transform, TimeTransform)]
    for number, unit in times[:1]:
        for each in live.data:
            value = each.file.partition[number] if each.file.spec_id == spec.spec_id else None
            if value is not None:
                yield each, *_span(unit, value)


def recorded(table: Table, retention: Retention, files: Iterable[Expired], now: datetime) -> list[DeletedRows]:
    """Return the rows to delete as they are recorded, by class, part of the time, and origin."""
    found: dict[tuple[str, datetime, datetime, _Origin], tuple[int, Runs]] = defaultdict(lambda: (0, NONE))
    for each in files:
        for (tags, origin), (rows, offsets) in each.parts.items():
            place = tags, each.start, each.end, origin
            found[place] = found[place][0] + rows, union(found[place][1], offsets)
    return [
        DeletedRows(
            table_name=".".join(table.name()),
            table_uuid=str(table.metadata.table_uuid),
            class_=tags,
            other_classes=json.dumps(retention.names[: retention.names.index(tags)]),
            from_ts=start,
            until_ts=end,
            row_count=rows,
            src_topic=origin[0],
            src_partition=origin[1],
            src_offsets=packed(offsets) if origin[0] is not None else None,
            job=origin[2],
            deleted_at=now,
        )
        for (tags, start, end, origin), (rows, offsets) in found.items()
    ]


def without(retention: Retention, names: Iterable[str]) -> Any:
    """Return a function that returns the rows of all classes but those named."""
    gone = {*names}

    def keep(rows: pa.Table) -> pa.Table:
        return rows.filter(pc.invert(_in(rows["tag"], retention, gone)))

    return keep


@dataclass(frozen=True)
class _Rows:
    """The rows of a file that are of the classes `names`."""

    table: Table
    retention: Retention
    file: LiveFile
    names: tuple[str, ...]

    @property
    def parts(self) -> dict[tuple[str, _Origin], tuple[int, Runs]]:
        """The number of rows and their offsets by class and origin; no offsets if the table does not keep them."""
        parts: dict[tuple[str, _Origin], tuple[int, Runs]] = {}
        for name, rows in self._by_class.items():
            if "src_offset" not in rows.column_names:
                parts[name, (None, None, None)] = len(rows), NONE
                continue
            for origin, own in _by_origin(rows):
                numbers = own["src_offset"].combine_chunks().to_numpy(zero_copy_only=False).astype(np.int64)
                parts[name, origin] = len(own), runs(numbers)
        return {place: part for place, part in parts.items() if part[0]}

    @cached_property
    def _by_class(self) -> dict[str, pa.Table]:
        if not self.retention.classes:
            return {DEFAULT: self._read}
        return {each: self._read.filter(_in(self._read["tag"], self.retention, {each})) for each in self.names}

    @cached_property
    def _read(self) -> pa.Table:
        schema = self.table.schema()
        positions = POSITION[:3] if {*POSITION} <= {*schema.column_names} else ()
        wanted = (*(["tag"] if self.retention.classes else []), *positions, *([_JOB] if positions else []))
        columns = Schema(*(field for field in schema.fields if field.name in wanted))
        if not columns.fields:
            return pa.table({"_": pa.nulls(self.file.file.record_count)})
        return pa.Table.from_batches([*read(self.table, self.file.file, columns)])


def _by_origin(rows: pa.Table) -> Iterator[tuple[_Origin, pa.Table]]:
    keys = [name for name in (*POSITION[:2], _JOB) if name in rows.column_names]
    for key in rows.select(keys).group_by(keys).aggregate([]).to_pylist():
        mask = pa.array(np.ones(len(rows), bool))
        for name in keys:
            same = pc.is_null(rows[name]) if key[name] is None else pc.equal(rows[name], key[name])
            mask = pc.and_(pc.fill_null(same, False), mask)
        yield (key["src_topic"], key["src_partition"], key.get(_JOB)), rows.filter(mask)


def _in(tags: pa.ChunkedArray, retention: Retention, names: set[str]) -> pa.ChunkedArray:
    chosen = [tag for tag in pc.unique(tags).to_pylist() if retention.class_of(tag) in names]
    mask = pc.is_in(tags, value_set=pa.array([tag for tag in chosen if tag is not None], tags.type))
    return pc.or_(mask, pc.is_null(tags)) if None in chosen else mask


def _span(unit: str, value: Any) -> tuple[datetime, datetime]:
    return end_of(unit, value - (timedelta(days=1) if hasattr(value, "year") else 1)), end_of(unit, value)
