"""One look at partitions and tags together."""

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
    """What historian.completeness and historian.last_seen hold."""

    partitions: list[Reached]
    tags: list[Seen]

    @property
    def through(self) -> datetime | None:
        """The time through which all that is stored is complete; None where one of the partitions cannot tell."""
        return self.through_of(*{each.job for each in self.partitions})

    def through_of(self, *jobs: str) -> datetime | None:
        """The same of the partitions that the jobs read."""
        times = [each.complete_through for each in self.partitions if each.job in jobs]
        return min((each for each in times if each), default=None) if all(times) else None

    @property
    def silent(self) -> list[Seen]:
        """Tags that should have been heard of again by then."""
        through = self.through
        return [each for each in self.tags if each.silent(through)] if through else []


def refresh(project: Project, settings: Settings) -> Completeness:
    """Bring both tables up to now. Raises UserError, PlatformError."""
    return Completeness(partitions.refresh(project, settings), last_seen.refresh(settings))


def last(settings: Settings) -> Completeness:
    """What the tables hold as of the last refresh; nothing where they were never made. Raises PlatformError."""
    catalog = iceberg.connect(settings)
    with iceberg.errors_reported("the tables of completeness cannot be looked for"):
        there = all(map(catalog.table_exists, (COMPLETENESS, LAST_SEEN)))
    return Completeness(partitions.last(catalog), last_seen.last(catalog)) if there else Completeness([], [])
