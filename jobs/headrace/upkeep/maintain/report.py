"""What was done to a table, or would be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rewritten:
    """Files of one partition that others took the place of; `after` is None where nothing is done, only told."""

    partition: str
    closed: bool
    rows: int
    files_before: int
    bytes_before: int
    files_after: int | None = None
    bytes_after: int | None = None


@dataclass(frozen=True)
class Removed:
    """Files deleted, or to be, and their sizes in bytes."""

    files: int = 0
    bytes: int = 0


@dataclass(frozen=True)
class Expired:
    """Snapshots dropped, and those of Flink's last commits that were said again; then the files nobody needs now.

    `removed` is None in a dry run where there is something to expire: it shows once it is done.
    """

    snapshots: int
    carried: int
    removed: Removed | None


@dataclass(frozen=True)
class Report:
    """One table: its live data files and their bytes before and after, what was done, and what was left and why."""

    table: str
    files_before: int
    bytes_before: int
    files_after: int
    bytes_after: int
    rewritten: tuple[Rewritten, ...]
    expired: Expired
    orphans: Removed
    notes: tuple[str, ...]
