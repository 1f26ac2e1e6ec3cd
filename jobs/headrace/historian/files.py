"""Which files of a table may hold readings of some tags and times, by the bounds in its metadata."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pyiceberg.expressions import (
    And,
    BooleanExpression,
    GreaterThanOrEqual,
    In,
    LessThan,
    LessThanOrEqual,
)
from pyiceberg.manifest import ManifestFile
from pyiceberg.table import DataScan, FileScanTask, Table

from headrace.historian.intervals import instant, microseconds

_FIRST, _LAST = (microseconds(edge.replace(tzinfo=UTC)) for edge in (datetime.min, datetime.max))


@dataclass(frozen=True)
class Plan:
    """All files that may hold readings of these tags from `start` on, before `end` (microseconds since 1970, UTC)."""

    names: frozenset[str]
    start: int
    end: int
    tasks: list[FileScanTask]

    def covers(self, names: Sequence[str], start: int, end: int) -> bool:
        """Whether no other file need be asked for that."""
        return self.start <= start and end <= self.end and self.names.issuperset(names)


@dataclass
class Files:
    """The files of one snapshot. It keeps its last plans, of a span and of what is far before it and far after it: to
    open manifests takes longer than to read a small file."""

    table: Table
    _plans: tuple[Plan, ...] = ()

    def plan(self, names: Sequence[str], start: int, end: int) -> Plan:
        """The plan for tags and a time, which `tasks` then picks from, for all or part of both."""
        for each in self._plans:
            if each.covers(names, start, end):
                return each
        table, wanted = self.table, holding(names, start, end)
        scan = _Live(table.metadata, table.io, wanted, catalog=table.catalog, table_identifier=table.name())
        made = Plan(frozenset(names), start, end, list(scan.plan_files()))
        self._plans = (*self._plans[-2:], made)  # not changed in place: another thread may be looking through it
        return made

    def extent(self) -> tuple[int, int] | None:
        """The times of the first and the last row of all, by the bounds of the files; None where there is none."""
        ts = self.table.schema().find_field("ts").field_id
        files = [task.file for task in self.table.scan().plan_files()]
        first = [time for file in files if (time := _time(file.lower_bounds, ts)) is not None]
        last = [time for file in files if (time := _time(file.upper_bounds, ts)) is not None]
        return (min(first), max(last)) if first and last else None

    def tasks(self, names: Sequence[str], start: int, end: int) -> Iterator[FileScanTask]:
        """Those files that may hold readings of the time."""
        ts = self.table.schema().find_field("ts").field_id
        for task in self.plan(names, start, end).tasks:
            first, last = _time(task.file.lower_bounds, ts), _time(task.file.upper_bounds, ts)
            if (first is None or first < end) and (last is None or last >= start):
                yield task


class _Live(DataScan):
    """Passes over manifests that list only what was deleted: upkeep leaves one as long as the day's files were many."""

    @staticmethod
    def _check_sequence_number(min_sequence_number: int, manifest: ManifestFile) -> bool:
        live = manifest.has_added_files() or manifest.has_existing_files()
        return live and DataScan._check_sequence_number(min_sequence_number, manifest)


def holding(names: Sequence[str], start: int, end: int) -> BooleanExpression:
    """What holds of the rows asked for."""
    # pydantic hides the expressions' own __init__ from mypy.
    # Of more than 200 names pyiceberg does not ask whether a file can have one of them, of a range it does.
    return And(
        In("tag", set(names)),  # type: ignore[call-arg,arg-type]
        GreaterThanOrEqual("tag", min(names)),  # type: ignore[call-arg,arg-type]
        LessThanOrEqual("tag", max(names)),  # type: ignore[call-arg,arg-type]
        GreaterThanOrEqual("ts", _iso(start)),  # type: ignore[call-arg,arg-type]
        LessThan("ts", _iso(end)),  # type: ignore[call-arg,arg-type]
    )


def _time(bounds: Mapping[int, bytes] | None, column: int) -> int | None:
    """A bound of a column of timestamps, as Iceberg stores it: a long, little end first."""
    stored = (bounds or {}).get(column)
    return None if stored is None else int.from_bytes(stored, "little", signed=True)


def _iso(ts: int) -> str:
    return instant(min(max(ts, _FIRST), _LAST)).isoformat()
