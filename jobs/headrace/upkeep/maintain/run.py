"""Maintain tables, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime

from pyiceberg.catalog import Catalog
from pyiceberg.table import Table

from headrace.environment import iceberg
from headrace.environment.settings import Settings
from headrace.operations.ledger import Ledger
from headrace.operations.lifecycle.restore_points import incarnations
from headrace.project.paths import Project
from headrace.project.table_files import pick
from headrace.upkeep.maintain import compact, expire, orphans
from headrace.upkeep.maintain.choose import Group, batched, choose
from headrace.upkeep.maintain.flink import Incarnations
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
    """Maintain the tables `names` (default: all of the project that the catalog has), and yield their reports.

    A table is finished when its report is yielded. A dry run writes nothing. Raises UserError, PlatformError.
    """
    tables = pick(project, names)
    catalog = iceberg.connect(settings)
    ledger = Ledger(settings)
    jobs = {job: incarnations(ledger.history(job)) for job in ledger.last()}
    for name in tables:
        with iceberg.errors_reported(f"table {name} cannot be read"):
            absent = names is None and not catalog.table_exists(name)
        if not absent:
            yield _dry(catalog, name, jobs) if dry_run else _maintain(catalog, name, jobs, progress)


def _maintain(catalog: Catalog, name: str, jobs: Incarnations, progress: Progress) -> Report:
    before = _live(iceberg.load_table(catalog, name), name)
    rewritten = tuple(_compact(catalog, name, progress))
    progress(f"{name}: snapshots")
    expired = expire.expire(catalog, name, jobs, _now())
    progress(f"{name}: orphans")
    unused = orphans.find(catalog, name, jobs, _now())
    with iceberg.errors_reported(f"orphans of table {name} cannot be removed"):
        unused.remove()
    table = iceberg.load_table(catalog, name)
    after = _live(table, name)
    sizes = (len(before.files), before.bytes, len(after.files), after.bytes, len(before.deletes), len(after.deletes))
    return Report(name, *sizes, rewritten, expired, unused.removed, tuple(_notes(table, after)))


def _dry(catalog: Catalog, name: str, jobs: Incarnations) -> Report:
    table = iceberg.load_table(catalog, name)
    live = _live(table, name)
    groups = choose(table, live, _now())
    rewritten = tuple(compact.before(group) for group in groups)
    expired = expire.before(expire.plan(table.metadata, jobs, _now()))
    unused = orphans.find(catalog, name, jobs, _now())
    sizes = (len(live.files), live.bytes) * 2 + (len(live.deletes),) * 2
    return Report(name, *sizes, rewritten, expired, unused.removed, tuple(_notes(table, live)))


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


def _notes(table: Table, live: Live) -> Iterator[str]:
    if old := sum(each.spec_id != table.spec().spec_id for each in live.files):
        yield f"files of an earlier partition layout, which are left as they are: {old:,}"
    if table.properties.get("write.metadata.delete-after-commit.enabled") != "true":
        yield "each commit leaves a metadata file: set write.metadata.delete-after-commit.enabled: true in its YAML"


def _now() -> datetime:
    return datetime.now(UTC)
