"""Reports of what was done to a table, or would be done."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rewritten:
    """Files of one partition that were replaced; `files_after` and `bytes_after` are None in a dry run."""

    partition: str
    closed: bool
    rows: int
    files_before: int
    bytes_before: int
    files_after: int | None = None
    bytes_after: int | None = None


@dataclass(frozen=True)
class Removed:
    """The number of files deleted, or to be deleted, and their size in bytes."""

    files: int = 0
    bytes: int = 0


@dataclass(frozen=True)
class Expired:
    """The number of snapshots dropped, the number of Flink's commits repeated at the head, and the files deleted.

    `removed` is None in a dry run that has something to expire: it is known only once the snapshots are dropped.
    """

    snapshots: int
    carried: int
    removed: Removed | None


@dataclass(frozen=True)
class Report:
    """The report on one table: its live data files before and after, what was done, and what was not done and why."""

    table: str
    files_before: int
    bytes_before: int
    files_after: int
    bytes_after: int
    rewritten: tuple[Rewritten, ...]
    expired: Expired
    orphans: Removed
    notes: tuple[str, ...]
