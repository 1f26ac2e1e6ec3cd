"""Select the data files that may hold readings of given tags and times, by the bounds in the table's metadata."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pyiceberg.io import FileIO
from pyiceberg.manifest import DataFile, ManifestContent, ManifestEntry, ManifestFile
from pyiceberg.table import DataScan, FileScanTask, Table, _min_sequence_number
from pyiceberg.typedef import KeyDefaultDict
from pyiceberg.utils.concurrent import ExecutorFactory

from headrace.historian.read.cache import Cache
from headrace.historian.read.predicate import Bounds, Predicate, during

_DAY_US = 86_400_000_000
# Entries of manifests, one per data file, some 8 kB each in memory.
_MAX_ENTRIES = 10_000


class Manifests:
    """Iceberg manifests by path, each read once: a table has many of them, and a commit adds one."""

    def __init__(self) -> None:
        self._cache: Cache[list[ManifestEntry]] = Cache(_MAX_ENTRIES, len)

    def entries(self, io: FileIO, manifest: ManifestFile) -> list[ManifestEntry]:
        """Return the live entries of the manifest."""
        return self._cache.get(manifest.manifest_path, lambda: manifest.fetch_manifest_entry(io))


@dataclass(frozen=True)
class Plan:
    """All files that may hold readings from `start` to before `end` (microseconds since 1970, UTC)."""

    start: int
    end: int
    tasks: list[tuple[Bounds, FileScanTask]]

    def covers(self, start: int, end: int) -> bool:
        """Return whether no other file can hold readings from `start` to before `end`."""
        return self.start <= start and end <= self.end


@dataclass
class Files:
    """The data files of one snapshot, with the last three plans.

    Three, because a query plans for its span, and at most once each for the time far before it and far after it.
    """

    table: Table
    manifests: Manifests
    _plans: tuple[Plan, ...] = ()

    def plan(self, start: int, end: int) -> Plan:
        """Return a plan that covers `start` to before `end`, an earlier one if possible; `tasks` selects from it.

        A new plan covers whole days of all tags, so that the next query, of other tags or slightly later, finds it.
        """
        for each in self._plans:
            if each.covers(start, end):
                return each
        start, end = start // _DAY_US * _DAY_US, -(-end // _DAY_US) * _DAY_US
        options = {"catalog": self.table.catalog, "table_identifier": self.table.name()}
        scan = _LiveManifests(self.manifests, self.table.metadata, self.table.io, during(start, end), **options)
        tasks = [(self._bounds(task.file), task) for task in scan.plan_files()]
        plan = Plan(start, end, [(bounds, task) for bounds, task in tasks if bounds.reach(start, end)])
        self._plans = (
            *self._plans[-2:],
            plan,
        )  # replaced, not changed: another thread may be iterating
        return plan

    def tasks(self, predicate: Predicate) -> Iterator[FileScanTask]:
        """Return the files that may hold readings that match."""
        return (task for bounds, task in self.plan(predicate.start, predicate.end).tasks if bounds.may_hold(predicate))

    def farthest(self, predicate: Predicate, *, latest: bool) -> Iterator[tuple[int | None, FileScanTask]]:
        """Return the files that may hold readings that match, from the latest to the earliest or the other way around.

        Each comes with the time of its last reading, or of its first one unless `latest`; files of unknown times first.
        """
        held = [each for each in self.plan(predicate.start, predicate.end).tasks if each[0].may_hold(predicate)]
        reaches = [(bounds.last if latest else bounds.first, task) for bounds, task in held]
        sign = -1 if latest else 1
        return iter(sorted(reaches, key=lambda each: (each[0] is not None, sign * (each[0] or 0))))

    @cached_property
    def _columns(self) -> tuple[int, int]:
        schema = self.table.schema()
        return schema.find_field("tag").field_id, schema.find_field("ts").field_id

    def _bounds(self, file: DataFile) -> Bounds:
        tag, ts = self._columns
        low, high = file.lower_bounds or {}, file.upper_bounds or {}
        return Bounds(low.get(tag), high.get(tag), _time(low, ts), _time(high, ts))


def extent(table: Table) -> tuple[int, int] | None:
    """Return the smallest and the largest `ts` of a table by the bounds of its files, or None if it has no rows.

    Microseconds since 1970, UTC.
    """
    ts = table.schema().find_field("ts").field_id
    files = list(_data_files(table))
    first = [time for file in files if (time := _time(file.lower_bounds or {}, ts)) is not None]
    last = [time for file in files if (time := _time(file.upper_bounds or {}, ts)) is not None]
    return (min(first), max(last)) if first and last else None


def _data_files(table: Table) -> Iterator[DataFile]:
    """Yield the data files of the table. pyiceberg plans no scan of a table that has equality deletes."""
    snapshot = table.current_snapshot()
    for manifest in snapshot.manifests(table.io) if snapshot else ():
        if manifest.content == ManifestContent.DATA:
            yield from (entry.data_file for entry in manifest.fetch_manifest_entry(table.io))


class _LiveManifests(DataScan):
    """A scan that reads each manifest once, and none that lists only deleted files.

    Compaction leaves such a manifest, with one entry per file that the day had. The scan returns every file of each
    manifest that its filter does not exclude.
    """

    def __init__(self, manifests: Manifests, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._manifests = manifests

    def scan_plan_helper(self) -> Iterator[list[ManifestEntry]]:
        snapshot = self.snapshot()
        may_hold = KeyDefaultDict(self._build_manifest_evaluator)
        listed = snapshot.manifests(self.io) if snapshot else []
        listed = [each for each in listed if may_hold[each.partition_spec_id](each)]
        least = _min_sequence_number(listed)
        live = [each for each in listed if each.has_added_files() or each.has_existing_files()]
        readable = [each for each in live if self._check_sequence_number(least, each)]
        return ExecutorFactory.get_or_create().map(lambda each: self._manifests.entries(self.io, each), readable)


def _time(bounds: Mapping[int, bytes], column: int) -> int | None:
    """Return the bound of a timestamp column, which Iceberg stores as a little-endian long; None if there is none."""
    stored = bounds.get(column)
    return None if stored is None else int.from_bytes(stored, "little", signed=True)
