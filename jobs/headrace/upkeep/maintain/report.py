"""Reports of what was done to a table, or would be done."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rewritten:
    """Files of one partition that were replaced; what ends in `_after` is None in a dry run.

    `rows` counts all rows of the files, `rows_after` those that the `deletes` delete files left.
    """

    partition: str
    closed: bool
    rows: int
    files_before: int
    bytes_before: int
    deletes: int = 0
    rows_after: int | None = None
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
    """The report on one table: what was done, and what was not done and why.

    `deletes` are delete files; the other files and bytes are those of data files.
    """

    table: str
    files_before: int
    bytes_before: int
    files_after: int
    bytes_after: int
    deletes_before: int
    deletes_after: int
    rewritten: tuple[Rewritten, ...]
    expired: Expired
    orphans: Removed
    notes: tuple[str, ...]
