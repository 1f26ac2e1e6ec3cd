"""Find the windows that late readings touched, and work them off."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

from pyiceberg.catalog import Catalog
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from headrace import catalog as catalogs
from headrace import contract, jobfolder, topics
from headrace.cases.minicluster import MiniCluster
from headrace.completeness import partitions
from headrace.errors import UserError
from headrace.project import Project
from headrace.recompute import dirty
from headrace.recompute.again import again
from headrace.recompute.dirty import Window
from headrace.recompute.put import closed_before, put
from headrace.recompute.readings import readings, store
from headrace.settings import Settings
from headrace.spec import Job

AT_ONCE = timedelta(minutes=5_000)
"""How long the windows that one run of the job's SQL computes are together: some hundred thousand readings."""
PATIENCE_S = 120
"""How long to wait for readings that are yet to be stored: some checkpoints."""
_HOLE = timedelta(hours=1)


@dataclass(frozen=True)
class Recomputed:
    """A job's dirty windows: those computed `anew`, and those that wait, by why.

    `unstored`: not all readings that the topic had are in the table of readings yet. `still_open`: the job may yet
    write them.
    """

    job: str
    anew: list[Window]
    unstored: list[Window]
    still_open: list[Window]


def recompute(
    project: Project,
    settings: Settings,
    names: Sequence[str] = (),
    progress: Callable[[str], None] = lambda _step: None,
) -> list[Recomputed]:
    """Work off the dirty windows of the jobs called `names`, or of all whose job.yaml says `recompute:`.

    It may be ended at any point, and run beside the jobs: what is not told as done is done again, to the same rows.
    Raises UserError, PlatformError.
    """
    able = {job.name: job for job in jobfolder.jobs(project) if job.recompute}
    for name in names:
        if name not in able:
            fix = f"those that can: {', '.join(able) or 'none'}"
            raise UserError(f"no windows of '{name}' can be computed anew", fix=fix)
    catalog = catalogs.connect(settings)
    listed = dirty.find(catalog, able.values(), datetime.now(UTC))
    with ExitStack() as until_done:
        work = _Work(project, settings, catalog, until_done, progress)
        wanted = [job for name, job in able.items() if not names or name in names]
        return [work.off(job, [each for each in listed if each.job == job.name]) for job in wanted]


@dataclass(frozen=True)
class _Work:
    project: Project
    settings: Settings
    catalog: Catalog
    until_done: ExitStack
    progress: Callable[[str], None]

    @cached_property
    def cluster(self) -> MiniCluster:
        """Started when the first window wants it."""
        self.progress("starting Flink")
        return self.until_done.enter_context(MiniCluster(self.project))

    def off(self, job: Job, listed: Iterable[Window]) -> Recomputed:
        (table,) = job.tables_written
        source = contract.load(self.project, job.sources[0])
        keeper, kept_in = store(self.project, job, source)
        pending = [each for each in listed if each.recomputed_at is None]
        last = closed_before(self.catalog, table) if pending else None
        closed = [each for each in pending if last and each.window_end <= last]
        still_open = [each for each in pending if not (last and each.window_end <= last)]
        if closed and not self._all_stored(keeper, source.topic):
            return Recomputed(job.name, [], closed, still_open)
        for number, batch in enumerate(_batches(closed)):
            self.progress(f"{job.name}: {batch[0].window_start:%Y-%m-%d}, {len(batch):,} of {len(closed):,} windows")
            found = readings(self.catalog, kept_in, source, batch)
            rows = again(
                self.project, self.settings, self.cluster, job=job, source=source, readings=found, name=str(number)
            )
            put(self.catalog, table, source.key, batch, rows)
            dirty.done(self.catalog, batch, datetime.now(UTC))
        return Recomputed(job.name, closed, [], still_open)

    def _all_stored(self, keeper: str, topic: str) -> bool:
        """Whether all that the topic holds now, the job's own input among it, is stored within PATIENCE_S."""
        ends = {p: span.end for p, span in topics.spans(self.settings.kafka_client(), topic).items()}

        def reached() -> bool:
            found = [
                each
                for each in partitions.refresh(self.project, self.settings)
                if each.job == keeper and each.src_topic == topic
            ]
            return len(found) >= len(ends) and all(
                each.lag == 0 or each.next_offset >= ends.get(each.src_partition, 0) for each in found
            )

        self.progress(f"waiting until {keeper} has stored what {topic} holds")
        retrying = Retrying(
            retry=retry_if_result(lambda done: not done),
            stop=stop_after_delay(PATIENCE_S),
            wait=wait_fixed(1),
            retry_error_callback=lambda _last: False,
        )
        return bool(retrying(reached))


def _batches(windows: Iterable[Window]) -> Iterator[list[Window]]:
    """In the order of time, those together between which little else is read, and no more than AT_ONCE."""
    batch: list[Window] = []
    for each in sorted(windows, key=lambda each: each.window_start):
        length = each.window_end - each.window_start
        if batch and (each.window_start - batch[-1].window_end > _HOLE or length * len(batch) >= AT_ONCE):
            yield batch
            batch = []
        batch.append(each)
    if batch:
        yield batch
