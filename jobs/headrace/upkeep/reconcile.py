"""Check that no record is lost or stored twice: for each partition, `end - first = good + dead + marks`.

Each offset is there once. Rows that the retention of the tables deleted were stored.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import NoReturn

import numpy as np
from pyiceberg.catalog import Catalog

from headrace.environment import iceberg, kafka, kafka_metadata, kafka_records, source_topics
from headrace.environment.flink_rest import Cluster
from headrace.environment.kafka import OffsetRange
from headrace.environment.settings import Settings
from headrace.errors import CheckFailed, PlatformError, UserError
from headrace.operations import topic_identity
from headrace.operations.offset_runs import Offsets, ranges
from headrace.operations.stored_offsets import INDEX_BITS, Positions, Stored, stored
from headrace.project import job_folder, yaml_file
from headrace.project.job import Job
from headrace.project.paths import Project

Ranges = list[tuple[int, int]]

_QUIET_S = 3
"""Seconds without a stored row after which the broker is asked whether the last offsets hold records."""

_FEW = 1_000
"""The most offsets that it is asked about while the job runs."""

_NOTHING = Stored(np.empty(0, np.int64), np.empty(0, np.int64))


@dataclass(frozen=True)
class Balance:
    """One partition's balance over the span [first, end) that the topic lets consumers read. Ranges are [first, end).

    `marks` count the messages of a change stream that have no row by design, as a tombstone.
    `good` and `dead` count readings: more than `records` if a message holds many.

    `no_record` counts offsets in the span at which Kafka holds none (a transaction marker, a compacted record).
    `expired` are offsets below the span, after a stored one, that were never stored: retention deleted them before
    they were read. They are reported but are not `missing`: the topic no longer shows whether they held records.
    `deleted` are offsets in the span whose rows the retention of the tables deleted; they are not `missing` either.
    `hidden` is the number of offsets that the topic holds after the span, behind a transaction that has been open
    since `hidden_since`: nobody can read them yet, so they are reported but are not `missing`.
    """

    topic: str
    partition: int
    first: int
    end: int
    good: int
    dead: int
    no_record: int
    missing: Ranges
    repeated: Ranges
    expired: Ranges
    hidden: int = 0
    hidden_since: datetime | None = None
    deleted: Ranges = field(default_factory=list)
    marks: int = 0

    @property
    def records(self) -> int:
        """The number of records in the span."""
        return self.end - self.first - self.no_record

    @property
    def holds(self) -> bool:
        """Whether no record is missing or repeated."""
        return not self.missing and not self.repeated

    @property
    def unreadable(self) -> str | None:
        """What the topic holds that nobody can read yet, and why, as text; None if nothing is."""
        return OffsetRange(self.first, self.end, self.hidden, self.hidden_since).hidden_reason

    @property
    def missing_count(self) -> int:
        """The number of missing records."""
        return sum(b - a for a, b in self.missing)

    @property
    def deleted_count(self) -> int:
        """The number of offsets whose rows were deleted by the retention of the tables."""
        return sum(b - a for a, b in self.deleted)

    @property
    def repeated_count(self) -> int:
        """The number of repeated offsets."""
        return sum(b - a for a, b in self.repeated)


def balance(
    topic: str, partition: int, span: OffsetRange, kept: Stored, records_in: Callable[[int, int], Offsets]
) -> Balance:
    """Return the balance of one partition. `records_in(first, end)` returns the offsets of a gap that hold a record."""
    offsets = kept.offsets
    gaps = _absent(offsets, span.first, span.end)
    missing = ranges(np.concatenate([np.empty(0, np.int64), *(records_in(a, b) for a, b in gaps)]))
    absent = sum(b - a for a, b in gaps)
    below, gone = offsets[offsets < span.first], kept.only_deleted
    return Balance(
        topic,
        partition,
        span.first,
        span.end,
        _within(kept.good, span),
        _within(kept.dead, span),
        absent - sum(b - a for a, b in missing),
        missing,
        ranges(kept.repeated),
        _absent(offsets, int(below[0]), span.first) if len(below) else [],
        span.hidden,
        span.hidden_since,
        ranges(gone[(gone >= span.first) & (gone < span.end)]),
        _within(kept.marks, span),
    )


def reconcile(project: Project, settings: Settings, name: str) -> list[Balance]:
    """Return the balance of every partition that the job reads.

    Raises UserError if the job does not keep every record, CheckFailed if the tables hold records of another topic
    than the one that has its name now, PlatformError if a service fails or a partition has no leader.
    """
    job = _accountable(project, name)
    tables, client = iceberg.connect(settings), settings.kafka_client()
    topics = _topics(project, settings, job)
    balances = [b for topic in topics for b in _balances(tables, client, job, topic)]
    # Last: the topics whose ids are compared are those that were just read, or newer ones.
    _refuse_recreated(settings, tables, job, topics)
    return balances


def follow(
    project: Project,
    settings: Settings,
    name: str,
    stalled_s: float,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> list[Balance]:
    """Return the same as `reconcile` once the running job has stored all that the topic held when the call began.

    What the topic held includes no records behind an open transaction. `progress(stored, all)` is called repeatedly.
    Raises as `reconcile` does, and PlatformError if the job ends or fails before that, or if nothing more is stored for
    `stalled_s` seconds.
    """
    job = _accountable(project, name)
    tables, client, cluster = iceberg.connect(settings), settings.kafka_client(), Cluster.of(settings)
    topics = _topics(project, settings, job)
    _refuse_recreated(settings, tables, job, topics)
    targets = {topic: kafka.offset_ranges(client, topic) for topic in topics}
    total = sum(s.end - s.first for spans in targets.values() for s in spans.values())
    best, since = -1, time.monotonic()
    while True:
        ended = _ended(cluster, name)
        # While the job runs, a gap counts as records still to come; the broker is queried only once it has ended.
        look = _balances if ended else partial(_balances, records_in=lambda _topic, _partition, a, b: np.arange(a, b))
        balances = [b for topic, spans in targets.items() for b in look(tables, client, job, topic, spans=spans)]
        done = total - sum(b.missing_count for b in balances)
        progress(done, total)
        if done == total or ended == "FINISHED":
            _refuse_recreated(settings, tables, job, topics)
            return balances
        if ended:
            raise PlatformError(f"{name} is {ended}, {total - done:,} records short", fix=f"headrace submit {name}")
        if done > best:
            best, since = done, time.monotonic()
        elif total - done <= _FEW and time.monotonic() - since > _QUIET_S:
            # What is left may hold no records: after a transaction, its mark is the last offset.
            balances = [
                b for topic, spans in targets.items() for b in _balances(tables, client, job, topic, spans=spans)
            ]
            if not any(b.missing for b in balances):
                _refuse_recreated(settings, tables, job, topics)
                return balances
        if time.monotonic() - since > stalled_s:
            _refuse_recreated(settings, tables, job, topics)
            _explain_stall(cluster, name, stalled_s, total - done)
        time.sleep(1)


def verdict(balances: list[Balance]) -> None:
    """Raise CheckFailed if a record is missing or repeated in any partition."""
    missing = sum(b.missing_count for b in balances)
    repeated = sum(b.repeated_count for b in balances)
    if missing or repeated:
        raise CheckFailed(f"reconciliation failed: {missing:,} missing, {repeated:,} repeated")


def _accountable(project: Project, name: str) -> Job:
    job = job_folder.load(project, name).job
    if not job.keeps_every_record:
        says_so = "a job that keeps them all, with {{ src() }}, says so: keeps_every_record: true"
        raise UserError(
            f"{name} does not promise to keep every record, so none can be missing",
            yaml_file.place(project.sql / name / "job.yaml", ("grain",)),
            f"ask what it has stored: headrace check {name}" if job.kind == "score" else says_so,
        )
    return job


def _topics(project: Project, settings: Settings, job: Job) -> list[str]:
    if not job.sources:
        raise UserError(f"{job.name} reads no topic, so there is nothing to reconcile")
    return source_topics.of_job(project, settings, job)


def _refuse_recreated(settings: Settings, tables: Catalog, job: Job, topics: list[str]) -> None:
    client = settings.kafka_client()
    now = {topic: kafka_metadata.topic_id(client, topic) for topic in topics}
    topic_identity.refuse_recreated(settings, tables, job, now, CheckFailed)


RecordsIn = Callable[[str, int, int, int], Offsets]


def _balances(
    tables: Catalog,
    client: Mapping[str, str],
    job: Job,
    topic: str,
    *,
    spans: dict[int, OffsetRange] | None = None,
    records_in: RecordsIn | None = None,
) -> list[Balance]:
    # The tables are read before the topic: a record stored in between is at worst reported as missing.
    kept = stored(tables, job, topic)
    look = records_in or partial(kafka_records.records_in, client)
    return [
        balance(topic, partition, span, kept.get(partition, _NOTHING), partial(look, topic, partition))
        for partition, span in (spans or kafka.offset_ranges(client, topic)).items()
    ]


def _ended(cluster: Cluster, name: str) -> str | None:
    """Return the state in which the job ended; None while it runs."""
    if cluster.running(name):
        return None
    last = next((j for j in cluster.jobs() if j.name == name), None)
    return last.state if last else "not known to the cluster"


def _explain_stall(cluster: Cluster, name: str, stalled_s: float, left: int) -> NoReturn:
    running = cluster.running(name)
    failure = cluster.last_failure(running.id) if running else None
    raise PlatformError(
        f"{name} stored nothing more for {stalled_s:.0f} s, {left:,} records short",
        fix=f"its last failure was: {failure}"
        if failure
        else "it runs and reports no failure: read the log of its TaskManager (headrace local logs taskmanager)",
    )


def _absent(offsets: Offsets, first: int, end: int) -> Ranges:
    """Return the runs in [first, end) that are not in `offsets`."""
    inside = offsets[(offsets >= first) & (offsets < end)]
    edges = [first, *(edge for run in ranges(inside) for edge in run), end]
    return [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if a < b]


def _within(positions: Positions, span: OffsetRange) -> int:
    first, end = np.searchsorted(positions, np.array([span.first, span.end]) << INDEX_BITS)
    return int(end - first)
