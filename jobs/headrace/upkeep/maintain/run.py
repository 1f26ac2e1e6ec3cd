"""Maintain tables, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pyiceberg.catalog import Catalog
from pyiceberg.table import Table

from headrace.environment import iceberg
from headrace.environment.settings import Settings
from headrace.operations.ledger import Ledger
from headrace.operations.lifecycle.restore_points import incarnations
from headrace.operations.replay import other_tables
from headrace.project import table_files
from headrace.project.paths import Project
from headrace.upkeep.each_table import each_table
from headrace.upkeep.maintain import compact, expire, followers, kept, marks, metadata_files, orphans
from headrace.upkeep.maintain.choose import Group, batched, choose
from headrace.upkeep.maintain.flink import Incarnations
from headrace.upkeep.maintain.followers import Need
from headrace.upkeep.maintain.kept import Needed
from headrace.upkeep.maintain.live_files import Live
from headrace.upkeep.maintain.report import Report, Rewritten

Progress = Callable[[str], None]
# If another maintainer replaced the same files first, the second round finds nothing to do. A third is rarely needed.
_ROUNDS = 3


def maintain(
    project: Project,
    settings: Settings,
    names: Iterable[str] | None = None,
    *,
    dry_run: bool = False,
    progress: Progress = lambda _step: None,
) -> Iterator[Report]:
    """Maintain the tables `names` (default: all of the project and of replays), and yield their reports.

    A table is finished when its report is yielded. A dry run writes nothing. If a table fails, the others are
    maintained all the same. Raises UserError, and at the end PlatformError with all failures.
    """
    catalog = iceberg.connect(settings)
    histories = Ledger(settings).histories()
    jobs = {job: incarnations(history) for job, history in histories.items()}
    followed, marked = followers.needs(project, catalog, histories, _now()), marks.marked(catalog)

    def work(name: str, _: None) -> Report:
        one = _Work(catalog, name, jobs, followed.get(name), marked, progress)
        return one.planned() if dry_run else one.done()

    tables = dict.fromkeys(_tables(project, catalog, None if names is None else [*names]))
    yield from each_table(catalog, tables, work, may_be_absent=names is None)


def _tables(project: Project, catalog: Catalog, names: Sequence[str] | None) -> list[str]:
    """Return the tables to maintain, those that replays have made last. Raises UserError for a name of neither."""
    described = table_files.names(project)
    others = [name for name in (iceberg.table_names(catalog) if names is None else names) if name not in described]
    made = other_tables.made(catalog, others)
    return [*table_files.pick(project, names and [name for name in names if name not in made]), *made]


@dataclass(frozen=True)
class _Work:
    """The maintenance of one table; `need` is what a job that follows it has yet to read, `marked` as in Needed."""

    catalog: Catalog
    name: str
    jobs: Incarnations
    need: Need | None
    marked: frozenset[int]
    progress: Progress

    def done(self) -> Report:
        """Maintain the table and return the report."""
        catalog, name = self.catalog, self.name
        before = _live(iceberg.load_table(catalog, name), name)
        self.progress(f"{name}: snapshots")
        # First: each commit that follows writes what is left of the metadata, and may fail if others commit too often.
        metadata_files.set_defaults(catalog, name)
        expired = expire.expire(catalog, name, self.jobs, _now(), self._needed)
        rewritten = tuple(_compact(catalog, name, self.progress))
        self.progress(f"{name}: orphans")
        unused = orphans.find(catalog, name, self.jobs, _now())
        with iceberg.errors_reported(f"orphans of table {name} cannot be removed"):
            unused.remove()
        table = iceberg.load_table(catalog, name)
        after = _live(table, name)
        deletes = (len(before.deletes), len(after.deletes))
        sizes = (len(before.files), before.bytes, len(after.files), after.bytes, *deletes)
        return Report(name, *sizes, rewritten, expired, unused.removed, tuple(self._notes(table, after)))

    def planned(self) -> Report:
        """Return the report of what would be done."""
        table = iceberg.load_table(self.catalog, self.name)
        live = _live(table, self.name)
        rewritten = tuple(compact.before(group) for group in choose(table, live, _now()))
        expired = expire.before(expire.plan(table.metadata, self.jobs, _now(), self._needed))
        unused = orphans.find(self.catalog, self.name, self.jobs, _now())
        sizes = (len(live.files), live.bytes) * 2 + (len(live.deletes),) * 2
        return Report(self.name, *sizes, rewritten, expired, unused.removed, tuple(self._notes(table, live)))

    @property
    def _needed(self) -> Needed:
        return Needed(self.need.since if self.need else None, self.marked)

    def _notes(self, table: Table, live: Live) -> Iterator[str]:
        if old := sum(each.spec_id != table.spec().spec_id for each in live.files):
            yield f"files of an earlier partition layout, which are left as they are: {old:,}"
        if metadata_files.keeps_all(table):
            yield f"each commit leaves a metadata file: set {metadata_files.DELETED}: true in its YAML"
        if self.need and self.need.since < _now() - kept.max_age(table.metadata)[0]:
            yield self.need.sentence
        yield from (each.sentence for each in metadata_files.large_of(self.catalog, self.name))


def _compact(catalog: Catalog, name: str, progress: Progress) -> Iterator[Rewritten]:
    for _ in range(_ROUNDS):
        table = iceberg.load_table(catalog, name)
        live = _live(table, name)
        groups = choose(table, live, _now())
        numbers = {group: f"{number} of {len(groups)}" for number, group in enumerate(groups, start=1)}

        def report(group: Group, numbers: Mapping[Group, str] = numbers) -> None:
            progress(f"{name}: {group.partition}, {numbers[group]}, {group.rows:,} rows")

        # Without a group to rewrite, there may still be delete files that no data file needs any more.
        batches = [*batched(groups)] or ([[]] if live.deletes else [])
        done = [each for batch in batches for each in compact.compact(catalog, name, table, batch, report)]
        yield from done
        if len(done) == len(groups):
            return


def _live(table: Table, name: str) -> Live:
    with iceberg.errors_reported(f"files of table {name} cannot be read"):
        return Live.of(table)


def _now() -> datetime:
    return datetime.now(UTC)
