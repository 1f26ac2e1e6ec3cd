"""Run the cases on a platform of their own, and measure speed, CPU and memory."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial

import msgspec

from bench import rounds
from bench.flink import JOB, watch
from bench.meter import Meter
from bench.scaling import cases
from bench.scaling.cases import Case
from bench.stand import LIMIT_S, READINGS, Stand, stand
from bench.stored import stored
from headrace.environment import iceberg, settings
from headrace.operations import submission
from headrace.project.paths import Project

SLOTS = 10
"""Slots of the TaskManager, so that ten jobs fit; its memory is that of headrace local."""


class Run(msgspec.Struct, frozen=True):
    """One run of a case over one topic per job. `fault` if rows are missing."""

    case: Case
    readings: int
    seconds: float
    cpu_s: float
    peak_rss: int
    bytes: int
    load: float
    fault: str | None


@contextmanager
def platform(root: Project, progress: Callable[[str], None]) -> Iterator[Project]:
    """Yield the project with a separate platform whose TaskManager has SLOTS slots."""
    with rounds.platform(root, progress, {"taskmanager.numberOfTaskSlots": SLOTS}) as project:
        yield project


def warm_up(project: Project) -> None:
    """Run the first case once: class loading and compiling are not to be measured."""
    case = cases.CASES[0]
    client = settings.load(project, "local").kafka_client()
    cases.fill(client, "warm", case, case.small)
    _bounded(project, case, "warm", case.small)


def pair(project: Project, case: Case, number: int) -> list[Run]:
    """Return the runs of a case over its small and its large topic; of several jobs, one run over topics that grow."""
    if case.jobs > 1:
        return [_at_once(project, case, number)]
    client = settings.load(project, "local").kafka_client()
    runs = []
    for readings in (case.small, case.readings):
        name = f"scaling.{number}.{readings}"
        cases.fill(client, name, case, readings)
        runs.append(_bounded(project, case, name, readings))
    return runs


def _bounded(project: Project, case: Case, topic: str, readings: int) -> Run:
    load = os.getloadavg()[0]
    with stand(project, project.home / topic, topic, readings) as place:
        cases.declare(place, case)
        with Meter() as meter:
            watch(place, meter)
            place.finish(_start(place, case, bounded=True))
        result = stored(place)
        fault = None if (result.good, result.dead) == (readings, 0) else f"{result.good:,} of {readings:,} rows"
        return Run(case, readings, result.seconds, meter.cpu_s, meter.peak_rss, result.bytes, load, fault)


def _at_once(project: Project, case: Case, number: int) -> Run:
    """Start the jobs on empty topics, send all messages, and wait until all are stored; they commit each second."""
    load = os.getloadavg()[0]
    client = settings.load(project, "local").kafka_client()
    with ExitStack() as places:
        stands = []
        for job in range(case.jobs):
            name = f"scaling.{number}.{job}"
            cases.fill(client, name, case, 0)
            place = places.enter_context(stand(project, project.home / name, name, case.readings))
            often = place.settings.flink.model_copy(update={"checkpoint_interval_s": 1})
            stands.append(replace(place, settings=place.settings.model_copy(update={"flink": often})))
        started = [_start(place, case, bounded=False) for place in stands]
        with Meter() as meter:
            watch(stands[0], meter)
            began = time.monotonic()
            for place in stands:
                cases.send(client, place.topic, case, case.readings)
            for place in stands:
                place.cluster.wait(partial(_has_all, place), LIMIT_S, "the last reading")
            seconds = time.monotonic() - began
        for place, job_id in zip(stands, started, strict=True):
            place.cluster.cancel(job_id)
        rows, every = sum(map(_good, stands)), case.jobs * case.readings
        size = sum(stored(place).bytes for place in stands)
        fault = None if rows == every else f"{rows:,} of {every:,} rows"
        return Run(case, every, seconds, meter.cpu_s, meter.peak_rss, size, load, fault)


def _has_all(place: Stand) -> bool:
    return _good(place) >= place.messages


def _good(place: Stand) -> int:
    return iceberg.row_count(iceberg.load_table(iceberg.connect(place.settings), READINGS))


def _start(place: Stand, case: Case, *, bounded: bool) -> str:
    prepared = submission.prepare(place.project, place.settings, JOB, bounded=bounded, parallelism=case.slots)
    return submission.launch(prepared, uuid.uuid4().hex).id
