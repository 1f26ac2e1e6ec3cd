"""Refresh partitions and tags together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from headrace.environment import iceberg
from headrace.environment.settings import Settings
from headrace.project.paths import Project
from headrace.project.system_tables import COMPLETENESS, LAST_SEEN
from headrace.upkeep.completeness import last_seen, partitions
from headrace.upkeep.completeness.last_seen import Seen
from headrace.upkeep.completeness.partitions import Reached


@dataclass(frozen=True)
class Completeness:
    """The contents of historian.completeness and historian.last_seen."""

    partitions: list[Reached]
    tags: list[Seen]

    @property
    def through(self) -> datetime | None:
        """The time through which everything stored is complete; None if that is unknown for one of the partitions."""
        return self.through_of(*{each.job for each in self.partitions})

    def through_of(self, *jobs: str) -> datetime | None:
        """Return the same for the partitions that the jobs read."""
        times = [each.complete_through for each in self.partitions if each.job in jobs]
        return min((each for each in times if each), default=None) if all(times) else None

    @property
    def silent(self) -> list[Seen]:
        """The tags that should have sent another reading by the time `through`."""
        through = self.through
        return [each for each in self.tags if each.silent(through)] if through else []


def refresh(project: Project, settings: Settings) -> Completeness:
    """Update both tables and return their contents. Raises UserError, PlatformError."""
    return Completeness(partitions.refresh(project, settings), last_seen.refresh(settings))


def last(settings: Settings) -> Completeness:
    """Return the contents of the tables as of the last refresh; nothing if they do not exist. Raises PlatformError."""
    catalog = iceberg.connect(settings)
    with iceberg.errors_reported("the tables of completeness cannot be looked for"):
        exist = all(map(catalog.table_exists, (COMPLETENESS, LAST_SEEN)))
    return Completeness(partitions.last(catalog), last_seen.last(catalog)) if exist else Completeness([], [])
