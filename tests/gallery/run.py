"""Run one job of the gallery to the end of its data, on a platform of its own, and judge it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import rounds
from gallery import stand
from gallery.kit import Entry, Feed, Tables, Verdict, count
from headrace.project import job_folder
from headrace.project.paths import Project
from headrace.project.system_tables import DEAD_LETTERS
from headrace.upkeep import reconcile
from headrace.upkeep.checks import run_checks

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Result:
    """What a job stored and cost. `rows` are those in each of its tables, without tables that have none.

    `cpu_s` is the CPU time of Flink and its Python workers for the data, and `start_cpu_s` that of the same job over
    empty topics, both on a cluster that has run the job before.
    """

    name: str
    job: str
    records: int
    rows: dict[str, int]
    cpu_s: float
    start_cpu_s: float
    verdicts: tuple[Verdict, ...]

    @property
    def holds(self) -> bool:
        """Whether all verdicts hold."""
        return all(each.holds for each in self.verdicts)

    @property
    def cpu_per_million(self) -> float:
        """CPU-seconds per million records, without what the start of the job costs."""
        return max(self.cpu_s - self.start_cpu_s, 0.0) / self.records * 1e6


def run(root: Project, entry: Entry, progress: Progress, picture: Path | None = None) -> Result:
    """Run the job, reconcile, check and judge it, and draw its picture, if it has one, into the file `picture`."""
    if entry.run:
        own: Result = entry.run(root, progress)
        return own
    with rounds.platform(root, progress) as platform:
        tables = stand.stand(root, platform, "judged")
        progress("writing its data")
        feeds = entry.write(tables.folder)
        stand.prepare(tables, feeds)
        records = stand.send(tables, feeds)
        for job in entry.first:
            progress(f"running {job}")
            stand.to_the_end(tables, job)
        progress(f"running {entry.job} on {count(records, 'record')}")
        stand.to_the_end(tables, entry.job)
        if entry.then:
            entry.then(tables)
        progress("judging")
        verdicts = (*_reconciled(tables, entry.job), *_checked(tables, entry.job), *entry.judge(tables))
        if entry.picture and picture:
            entry.picture(tables, picture)
        rows = _rows(tables, entry.job)
        progress("running it again to know its cost, with data and without")
        cpu_s = _again(root, platform, entry, feeds)
        stand.empty(tables, feeds)
        start_cpu_s = _again(root, platform, entry, feeds)
    return Result(entry.name, entry.job, records, rows, cpu_s, start_cpu_s, verdicts)


def _again(root: Project, platform: Project, entry: Entry, feeds: Sequence[Feed]) -> float:
    """Run the job on the same topics into new tables, as a warm cluster does; return its CPU seconds."""
    tables = stand.stand(root, platform, uuid.uuid4().hex[:8])
    stand.load_tables(tables, feeds)
    for job in entry.first:
        stand.to_the_end(tables, job)
    return stand.to_the_end(tables, entry.job)


def _rows(tables: Tables, job: str) -> dict[str, int]:
    """Return the number of rows in each table that the job adds to, dead letters too, without tables that have none."""
    written = job_folder.load(tables.project, job).job
    names = dict.fromkeys([*written.tables_written, DEAD_LETTERS, written.late_table])
    counts = {name: int(tables.frame(f"select count(*) as rows from {name}")["rows"].iloc[0]) for name in names}
    return {name: rows for name, rows in counts.items() if rows}


def _reconciled(tables: Tables, job: str) -> Iterator[Verdict]:
    """Yield the account of the job's records, if it promises to keep each of them."""
    if not job_folder.load(tables.project, job).job.keeps_every_record:
        return
    balances = reconcile.reconcile(tables.project, tables.settings, job)
    names = ("records", "good", "dead", "marks")
    records, good, dead, marks = (sum(getattr(each, name) for each in balances) for name in names)
    wrong = sum(each.missing_count + each.repeated_count for each in balances)
    figure = f"{count(records, 'record')}: {good:,} good, {dead:,} dead, {marks:,} marks, {wrong:,} missing or repeated"
    yield Verdict("reconcile", figure, "0 missing or repeated", all(each.holds for each in balances))


def _checked(tables: Tables, job: str) -> Iterator[Verdict]:
    for each in run_checks.run(tables.project, tables.settings, [job]):
        yield Verdict(f"check: {each.name}", count(each.broken, "row") + " against it", "0 rows", each.holds)
