"""Read the readings of tags from the table, limited to the files, row groups and columns that a query needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property

import numpy as np
import pyarrow as pa
from pyiceberg.io.pyarrow import schema_to_pyarrow
from pyiceberg.table import FileScanTask, Table

from headrace.environment import iceberg
from headrace.errors import PlatformError
from headrace.historian.read.files import Files, Manifests
from headrace.historian.read.footers import Footers
from headrace.historian.read.latest import Instants, latest
from headrace.historian.read.predicate import EARLIEST, LATEST, Predicate
from headrace.historian.read.reported_tags import ReportedTags
from headrace.historian.read.required_columns import require
from headrace.historian.read.rows import COLUMNS, Rows
from headrace.historian.read.scan import Scan
from headrace.historian.series.configuration import Configuration
from headrace.project.system_tables import ARRIVAL

# Rows held in memory at a time, some 50 bytes each including what is derived from them.
MAX_HELD = 4_000_000
# Bytes per row above which fewer rows are held: only long texts take that much.
_ROW_BYTES = 256
_LEAST_ROWS = 100_000
_DAY_US = 86_400_000_000
# How far to look for a reading before or after the requested time, in widening steps.
LOOK_US = [int(timedelta(**each) / timedelta(microseconds=1)) for each in (
    {"minutes": 1}, {"minutes": 15}, {"hours": 3}, {"days": 1}, {"days": 7}, {"days": 32},
)]  # fmt: skip
_TYPES = {"tag": "string", "ts": "timestamptz", "value": "double", "quality": "long", "text": "string"}


class TooManyRowsError(Exception):
    """A read returned more than MAX_HELD rows, or more than the caller allows, or as many bytes as so many rows."""


@dataclass
class ReadStats:
    """What was read: each opened file with its size in bytes, and the number of rows returned."""

    files: dict[str, int] = field(default_factory=dict)
    rows: int = 0

    @property
    def bytes(self) -> int:
        """The total size of the opened files, including columns that were not read."""
        return sum(self.files.values())


@dataclass(frozen=True)
class Reader:
    """A reader of one snapshot of the table of readings. Times are microseconds since 1970, UTC."""

    table: Table
    files: Files
    footers: Footers
    reported: ReportedTags
    read_stats: ReadStats = field(default_factory=ReadStats)

    @cached_property
    def _types(self) -> pa.Schema:
        return schema_to_pyarrow(self.table.schema(), include_field_ids=False)

    @property
    def whole(self) -> tuple[int, int]:
        """The number of data files of the snapshot, and their total size in bytes."""
        snapshot = self.table.current_snapshot()
        if snapshot is None or snapshot.summary is None:
            return 0, 0
        return int(snapshot.summary["total-data-files"] or 0), int(snapshot.summary["total-files-size"] or 0)

    @classmethod
    def of(cls, table: Table, manifests: Manifests, footers: Footers, reported: ReportedTags) -> Reader:
        """Return a reader of the current snapshot of `table`.

        Raises PlatformError if the table lacks a column that the historian needs, or has it with another type.
        """
        require(table, _TYPES)
        return cls(table, Files(table, manifests), footers, reported)

    def tags(self) -> frozenset[str]:
        """Return the tags that have readings, whether or not a list names them. Raises PlatformError."""
        with iceberg.errors_reported("the readings cannot be read"):
            return self.reported.of(self.table, self.files.manifests, self.footers)

    def rows(
        self, names: Sequence[str], start: int, end: int, *, also: Sequence[str] = (), max_rows: int | None = None
    ) -> Rows:
        """Return all readings of the tags from `start` to before `end`, with COLUMNS and the columns `also`.

        Of several readings of a tag at the same instant, it is the one that was received last (`latest`). Raises
        TooManyRowsError for more than `max_rows` (default MAX_HELD), also for fewer with long texts, and PlatformError.
        """
        columns = [*COLUMNS, *also]
        if missing := [column for column in columns if column not in self._types.names]:
            raise PlatformError(f"{'.'.join(self.table.name())} has no column {', '.join(missing)}")
        max_rows = MAX_HELD if max_rows is None else max_rows
        schema = pa.schema([self._types.field(column) for column in columns])
        max_bytes = max(max_rows, _LEAST_ROWS) * _ROW_BYTES
        batches, held, size = [], 0, 0
        for batch in self._batches(names, start, end, schema):
            held += len(batch)
            size += batch.nbytes
            if held > max_rows or size > max_bytes:
                raise TooManyRowsError
            batches.append(batch)
        self.read_stats.rows += held
        return self._latest(Rows(names, pa.Table.from_batches(batches, schema)))

    def _latest(self, rows: Rows) -> Rows:
        """Return the rows without earlier versions of a reading.

        The columns that tell the versions apart are read only for the tags and the time that have some.
        """
        arrival = [column for column in ARRIVAL if column in self._types.names]
        versions = Instants.repeated(rows)
        if not len(versions) or not arrival:
            return rows
        names = [rows.names[number] for number in versions.tags]
        schema = pa.unify_schemas([rows.table.schema, pa.schema(map(self._types.field, arrival))])
        batches = self._batches(names, int(versions.times[0]), int(versions.times[-1]) + 1, schema)
        parts = (Rows(rows.names, pa.Table.from_batches([batch])) for batch in batches)
        found = pa.concat_tables([part.table.filter(pa.array(versions.hold(part))) for part in parts])
        chosen = latest(Rows(rows.names, found), arrival).table.select(rows.table.column_names)
        return Rows(rows.names, pa.concat_tables([rows.table.filter(pa.array(~versions.hold(rows))), chosen]))

    def plan_files(self, start: int, end: int) -> None:
        """Plan the files of a span, both ends included, and of one day on either side, all at once.

        The searches for neighbouring readings look there next, and reuse the plan. Raises PlatformError.
        """
        self._plan(start - _DAY_US, end + 1 + _DAY_US)

    def before(
        self, names: Sequence[str], time: int, configuration: Configuration, usable: int, *, also: Sequence[str] = ()
    ) -> Rows:
        """Return the nearest readings of each tag before `time`, up to 32 days back; `usable` as in `Rows.nearest`."""
        return self._near(names, time, configuration, usable, also=also, back=True)

    def after(
        self, names: Sequence[str], time: int, configuration: Configuration, usable: int, *, also: Sequence[str] = ()
    ) -> Rows:
        """Return the nearest readings of each tag at or after `time`, up to 32 days ahead."""
        return self._near(names, time, configuration, usable, also=also, back=False)

    def last_time(self, name: str, before: int) -> int | None:
        """Return the time of the tag's last reading before the time `before`, however far back; None if there is none.

        Files are read from the latest to the earliest, until no earlier one can hold a later reading.
        """
        return self._outermost(Predicate([name], EARLIEST, before), latest=True)

    def first_time(self, name: str, since: int) -> int | None:
        """Return the time of the tag's first reading at or after the time `since`, however far ahead, or None."""
        return self._outermost(Predicate([name], since, LATEST), latest=False)

    def _outermost(self, predicate: Predicate, *, latest: bool) -> int | None:
        sign = 1 if latest else -1
        columns = pa.schema([self._types.field(column) for column in ("tag", "ts")])
        scan = Scan(self.table, self.footers, columns, predicate)
        found: int | None = None
        with iceberg.errors_reported("the readings cannot be read"):
            for reach, task in self.files.farthest(predicate, latest=latest):
                if found is not None and reach is not None and sign * reach <= sign * found:
                    break
                for batch in scan.batches([self._noted(task)]):
                    times = np.asarray(batch["ts"].cast(pa.int64()))
                    found = int(sign * np.max(sign * (times if found is None else np.append(times, found))))
        return found

    def _near(
        self,
        names: Sequence[str],
        time: int,
        configuration: Configuration,
        usable: int,
        *,
        also: Sequence[str],
        back: bool,
    ) -> Rows:
        """Search in widening steps, each only for the tags that do not have enough readings yet."""
        nearest = Rows(names, self.rows((), 0, 0, also=also).table)
        missing, reached = list(names), 0
        for span in LOOK_US:
            start, end = (time - span, time - reached) if back else (time + reached, time + span)
            if reached == _DAY_US:  # one plan for all farther steps
                far = LOOK_US[-1]
                self._plan(*((time - far, end) if back else (start, time + far)))
            reached = span
            rows = Rows(names, self.rows(missing, start, end, also=also).table)
            if not len(rows):
                continue
            nearest = nearest.joined([rows]).nearest(configuration, usable, last=back)
            fit = np.bincount(nearest.tag[nearest.usable(configuration)], minlength=len(names)) >= usable
            enough = fit & (np.bincount(nearest.tag, minlength=len(names)) > 0)
            missing = [name for name, done in zip(names, enough, strict=True) if not done]
            if not missing:
                break
        return nearest

    def _plan(self, start: int, end: int) -> None:
        with iceberg.errors_reported("the readings cannot be read"):
            self.files.plan(start, end)

    def _batches(self, names: Sequence[str], start: int, end: int, columns: pa.Schema) -> Iterator[pa.RecordBatch]:
        if not names or start >= end:
            return
        predicate = Predicate(names, start, end)
        scan = Scan(self.table, self.footers, columns, predicate)
        with iceberg.errors_reported("the readings cannot be read"):
            yield from scan.batches(map(self._noted, self.files.tasks(predicate)))

    def _noted(self, task: FileScanTask) -> FileScanTask:
        self.read_stats.files[task.file.file_path] = task.file.file_size_in_bytes
        return task
