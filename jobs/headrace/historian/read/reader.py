"""The table of readings, read no further than a question needs: by tag, by time, by column, file after file."""

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
from headrace.errors import PlatformError, Problem
from headrace.historian.read.files import Files, Manifests
from headrace.historian.read.footers import Footers
from headrace.historian.read.predicate import Predicate
from headrace.historian.read.rows import COLUMNS, Rows
from headrace.historian.read.scan import Scan
from headrace.historian.series.configuration import Configuration

# Rows held in memory at once, some 50 bytes each with what is made of them.
MAX_HELD = 4_000_000
_DAY_US = 86_400_000_000
# How far to look for a reading next to the time asked for, in steps that widen.
LOOK_US = [int(timedelta(**each) / timedelta(microseconds=1)) for each in (
    {"minutes": 1}, {"minutes": 15}, {"hours": 3}, {"days": 1}, {"days": 7}, {"days": 32},
)]  # fmt: skip
_TYPES = {"tag": "string", "ts": "timestamptz", "value": "double", "quality": "long", "text": "string"}


class TooManyRowsError(Exception):
    """A read went beyond MAX_HELD."""


@dataclass
class ReadStats:
    """What was read: the files opened and their sizes in bytes, each once, and the rows that came of them."""

    files: dict[str, int] = field(default_factory=dict)
    rows: int = 0

    @property
    def bytes(self) -> int:
        """The sizes of the files opened, all their columns counted."""
        return sum(self.files.values())


@dataclass(frozen=True)
class Reader:
    """One snapshot of the table of readings. Times are microseconds since 1970, UTC."""

    table: Table
    files: Files
    footers: Footers
    read_stats: ReadStats = field(default_factory=ReadStats)

    @cached_property
    def _types(self) -> pa.Schema:
        return schema_to_pyarrow(self.table.schema(), include_field_ids=False)

    @property
    def whole(self) -> tuple[int, int]:
        """How many data files the snapshot has, and their sizes in bytes together."""
        snapshot = self.table.current_snapshot()
        if snapshot is None or snapshot.summary is None:
            return 0, 0
        return int(snapshot.summary["total-data-files"] or 0), int(snapshot.summary["total-files-size"] or 0)

    @classmethod
    def of(cls, table: Table, manifests: Manifests, footers: Footers) -> Reader:
        """Raises PlatformError where the table lacks a column, or has it in another type."""
        types = {each.name: str(each.field_type) for each in table.schema().fields}
        name = ".".join(table.name())
        problems = [
            Problem(f"{name} has no column '{column}' of type {expected}, but {types.get(column, 'none of that name')}")
            for column, expected in _TYPES.items()
            if types.get(column) != expected
        ]
        if problems:
            raise PlatformError(problems)
        return cls(table, Files(table, manifests), footers)

    def rows(
        self, names: Sequence[str], start: int, end: int, *, also: Sequence[str] = (), max_rows: int | None = None
    ) -> Rows:
        """All readings of the tags from `start` on, before `end`, with the columns `also` beside COLUMNS.

        Raises TooManyRowsError for more than `max_rows`, MAX_HELD where it is not said; PlatformError.
        """
        columns = [*COLUMNS, *also]
        if missing := [column for column in columns if column not in self._types.names]:
            raise PlatformError(f"{'.'.join(self.table.name())} has no column {', '.join(missing)}")
        max_rows = MAX_HELD if max_rows is None else max_rows
        schema = pa.schema([self._types.field(column) for column in columns])
        batches, held = [], 0
        for batch in self._batches(names, start, end, schema):
            held += len(batch)
            if held > max_rows:
                raise TooManyRowsError
            batches.append(batch)
        self.read_stats.rows += held
        return Rows(names, pa.Table.from_batches(batches, schema))

    def plan_files(self, start: int, end: int) -> None:
        """Look once which files hold that time, both ends included, and a day on both sides, as what follows asks for
        them."""
        self._plan(start - _DAY_US, end + 1 + _DAY_US)

    def before(
        self, names: Sequence[str], time: int, configuration: Configuration, usable: int, *, also: Sequence[str] = ()
    ) -> Rows:
        """The nearest readings of each tag before `time`, as `Rows.nearest` has them, looking back 32 days at most."""
        return self._near(names, time, configuration, usable, also=also, back=True)

    def after(
        self, names: Sequence[str], time: int, configuration: Configuration, usable: int, *, also: Sequence[str] = ()
    ) -> Rows:
        """The nearest readings of each tag from `time` on, looking ahead 32 days at most."""
        return self._near(names, time, configuration, usable, also=also, back=False)

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
        """In steps that widen, each for those tags alone that have not enough yet."""
        found = self.rows((), 0, 0, also=also)
        found = Rows(names, found.table)
        missing, reached = list(names), 0
        for span in LOOK_US:
            start, end = (time - span, time - reached) if back else (time + reached, time + span)
            if reached == _DAY_US:  # one look for all steps that are farther
                far = LOOK_US[-1]
                self._plan(*((time - far, end) if back else (start, time + far)))
            reached = span
            here = Rows(names, self.rows(missing, start, end, also=also).table)
            if not len(here):
                continue
            found = found.joined([here]).nearest(configuration, usable, last=back)
            fit = np.bincount(found.tag[found.usable(configuration)], minlength=len(names)) >= usable
            enough = fit & (np.bincount(found.tag, minlength=len(names)) > 0)
            missing = [name for name, done in zip(names, enough, strict=True) if not done]
            if not missing:
                break
        return found

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
