"""Reports of the rows that were deleted, or would be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Deleted:
    """Rows of one class of tags and one partition of the table, like `ts_day=2024-01-01`.

    `bytes` is their share of the sizes of their files. `whole_files` of the files had no other row.
    """

    tags: str
    partition: str
    rows: int
    bytes: int
    files: int
    whole_files: int


@dataclass(frozen=True)
class Report:
    """What was deleted from a table whose retention is `retention`, and what was not and why."""

    table: str
    retention: str
    deleted: tuple[Deleted, ...]
    notes: tuple[str, ...]
