"""Where a run writes instead of its own tables, from what `--into` says to what it has left."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from pyiceberg.catalog import Catalog

from headrace.environment import iceberg
from headrace.environment.settings import Settings
from headrace.operations.lifecycle.expired_commits import REPLAY
from headrace.operations.replay import branches
from headrace.operations.replay.branches import Branch
from headrace.operations.replay.other_tables import OtherTable
from headrace.operations.replay.targets import Targets
from headrace.project.paths import Project


@dataclass(frozen=True)
class Places:
    """The tables `branched`, which get the branch of `targets`, and the `others` instead of tables."""

    targets: Targets
    branched: tuple[str, ...]
    others: tuple[OtherTable, ...]

    @classmethod
    def of(cls, targets: Targets, tables: Iterable[str]) -> Places:
        """Return the places of rows that would go into the tables."""
        branched = tuple(each for each in tables if each not in targets.others)
        return cls(targets, branched, tuple(OtherTable(other, own) for own, other in targets.others.items()))

    def require_free(self, project: Project, catalog: Catalog) -> None:
        """Raise UserError if rows would mix with those of others, or if a table is not like the own one."""
        for each in self.others:
            each.require_free(project, catalog)
        branches.require_free(catalog, self.branched, self.targets.branch)

    def take_tables(self, catalog: Catalog, run: str) -> None:
        """Make the other tables, for this run alone. Raises UserError and PlatformError."""
        for each in self.others:
            each.take(catalog, run, self.targets.branch)

    def make_branches(self, catalog: Catalog, run: str) -> None:
        """Make the branches, for this run alone. Raises UserError and PlatformError."""
        for each in self.branched:
            branches.create(catalog, each, self.targets.branch, run)

    def give_back(self, catalog: Catalog, run: str) -> None:
        """Undo what the run has made and written. Raises PlatformError."""
        known = branches.of(catalog, self.branched)
        if own := [each.table for each in known if each.name == self.targets.branch and each.writer == run]:
            branches.drop(catalog, own, self.targets.branch)
        for each in self.others:
            each.give_back(catalog, run)

    def written(self, settings: Settings, catalog: Catalog) -> tuple[Branch, ...]:
        """Return what is in the places now: main of another table. Raises PlatformError."""
        made = [branches.branch(each.name, iceberg.load_table(catalog, each.name)) for each in self.others]
        known = branches.of(catalog, self.branched)
        return branches.counted(settings, [*made, *(each for each in known if each.name == self.targets.branch)])


def new_id() -> str:
    """Return an id of a run, which no job of the ledger can have."""
    return REPLAY + uuid.uuid4().hex[len(REPLAY) :]
