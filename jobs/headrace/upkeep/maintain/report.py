"""Reports of what was done to a table, or would be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rewritten:
    """Files of one partition that were replaced; the numbers after are None in a dry run."""

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
    """The number of snapshots dropped, and of Flink's last commits that were repeated; then the files that went.

    `removed` is None in a dry run with something to expire: it is known once it is done.
    """

    snapshots: int
    carried: int
    removed: Removed | None


@dataclass(frozen=True)
class Report:
    """One table: its live data files and their bytes before and after, what was done, and what was left, and why."""

    table: str
    files_before: int
    bytes_before: int
    files_after: int
    bytes_after: int
    rewritten: tuple[Rewritten, ...]
    expired: Expired
    orphans: Removed
    notes: tuple[str, ...]
