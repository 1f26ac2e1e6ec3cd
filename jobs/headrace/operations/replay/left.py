"""What replays have left: branches, and tables that they have made; listed and dropped."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from pyiceberg.catalog import Catalog
from pyiceberg.table import Table

from headrace.environment import iceberg
from headrace.environment.settings import Settings
from headrace.errors import PlatformError, UserError, did_you_mean
from headrace.operations.lifecycle.job_cluster import JobCluster
from headrace.operations.replay import branches, other_tables
from headrace.operations.replay.branches import Branch
from headrace.operations.replay.other_tables import BRANCH, MADE, REPLAY
from headrace.project import table_files
from headrace.project.paths import Project


def listed(project: Project, settings: Settings, names: Iterable[str] | None) -> list[Branch]:
    """Return the branches of the tables `names`, by default of all that the catalog has, with tables of replays.

    These have the name of what readers see, main. Raises UserError for a name without a file, and PlatformError.
    """
    catalog = iceberg.connect(settings)
    made = [] if names else [branches.branch(name, table) for name, table in _of_replays(catalog).items()]
    known = branches.counted(settings, [*made, *branches.of(catalog, _tables(project, catalog, names))])
    return sorted(known, key=lambda each: each.table)


def dropped(project: Project, settings: Settings, names: Iterable[str] | None, branch: str) -> list[str]:
    """Drop the branch of the tables `names`, by default of all that the catalog has, and return those that had it.

    A replay that still writes it is ended first. Raises UserError if no table has it; PlatformError.
    """
    catalog = iceberg.connect(settings)
    tables = _tables(project, catalog, names)
    _end(settings, {each.writer for each in branches.of(catalog, tables) if each.name == branch})
    return branches.drop(catalog, tables, branch)


def dropped_tables(settings: Settings, names: Iterable[str]) -> list[str]:
    """Drop tables that replays have made, with their files, and return what was dropped.

    With the last table of a replay, the branch of its dead letters and late readings goes too. A replay that still
    writes is ended first. Raises UserError, before anything is dropped, if a replay has not made one of them;
    PlatformError.
    """
    catalog = iceberg.connect(settings)
    known, asked = _of_replays(catalog), list(dict.fromkeys(names))
    if strange := [name for name in asked if name not in known]:
        what = f"{' and '.join(strange)}: no replay has made such a table"
        raise UserError(what, fix=did_you_mean(strange[0], known, "replays have made"))
    gone = []
    for name in asked:
        of = known.pop(name).properties
        _end(settings, {of[REPLAY]})
        other_tables.purge(catalog, name)
        gone.append(name)
        if not any(each.properties[REPLAY] == of[REPLAY] for each in known.values()):
            gone += _drop_branches(catalog, of[BRANCH], of[REPLAY])
    return gone


def _of_replays(catalog: Catalog) -> dict[str, Table]:
    found = {name: iceberg.find_table(catalog, name) for name in iceberg.table_names(catalog)}
    return {name: table for name, table in found.items() if table and MADE in table.properties}


def _drop_branches(catalog: Catalog, branch: str, replay: str) -> list[str]:
    """Drop the branches of this name that the replay has written: another one may have taken the name since."""
    known = branches.of(catalog, iceberg.table_names(catalog))
    tables = [each.table for each in known if each.name == branch and each.writer == replay]
    return [f"{table}@{branch}" for table in (branches.drop(catalog, tables, branch) if tables else [])]


def _end(settings: Settings, replays: Collection[str | None]) -> None:
    """Cancel the Flink jobs of these ids that run. Without a cluster, none does."""
    try:
        cluster = JobCluster.of(settings)
        running = [each.id for each in cluster.jobs() if each.id in replays and not each.ended]
    except PlatformError:
        return
    for job in running:
        cluster.cancel(job)


def _tables(project: Project, catalog: Catalog, names: Iterable[str] | None) -> list[str]:
    return [*table_files.pick(project, names)] if names else iceberg.table_names(catalog)
