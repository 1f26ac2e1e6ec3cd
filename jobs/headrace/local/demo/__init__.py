"""Run two years of a real wind farm through the pipeline: a model learns from the first, and scores the second.

The package takes a project and its settings, stores the readings and their scores, and returns their reconciliation. It
is an example on top of the engine, which does not depend on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

from headrace import local
from headrace.environment.apply import table_changes, topic_changes
from headrace.environment.flink_rest import Cluster
from headrace.environment.settings import Settings
from headrace.historian.historian import Historian
from headrace.historian.models.train import Trained, train
from headrace.historian.tags import tags
from headrace.local.demo import dataset, replay
from headrace.local.demo.scored import Scored, follow
from headrace.operations.lifecycle import operation_context
from headrace.operations.lifecycle.upgrade import upgrade
from headrace.project import job_folder, source_files
from headrace.project.paths import Project
from headrace.upkeep import reconcile
from headrace.upkeep.reconcile import Balance

QUERIES = Path(__file__).parent / "queries"
JOB, SCORES, SOURCE = "historian/readings_v1", "condition/scores_v1", "plant_readings"
LEARNED, SCORED_FROM = datetime(2014, 1, 1, tzinfo=UTC), datetime(2015, 1, 1, tzinfo=UTC)
STALLED_S = 120

Progress = Callable[[str, int | None, int | None], None]
"""Called with a step's name, and how much of it is done and the total, each None if unknown."""


@dataclass(frozen=True)
class Outcome:
    """The demo's result: how many readings were sent, and their reconciliation; the version that scored them, and what
    the training gave; and how many are scored."""

    sent: int
    balances: list[Balance]
    version: str
    trained: Trained
    scored: Scored


def run(project: Project, settings: Callable[[], Settings], progress: Progress) -> Outcome:
    """Run the demo, resuming where an earlier run stopped. `settings` is called once the platform is up.

    A run that fails or is interrupted stops the platform; one that succeeds keeps it running to be explored.
    """
    progress("data of the wind farm", None, None)
    readings = dataset.readings(dataset.fetch(project))
    with _platform(project, progress):
        known = settings()
        _prepare(project, known, progress)
        learning = readings.slice(0, _before(readings, SCORED_FROM))
        _send(project, known, learning, "messages of 2014", progress)
        trained = _train(project, known, progress)
        _start(project, known, SCORES, progress)
        balances = _send(project, known, readings, "messages of 2015", progress)
        version = str(job_folder.load(project, SCORES).job.model)
        scored = follow(
            known,
            SCORES,
            (version, SCORED_FROM),
            STALLED_S,
            lambda done, total: progress("readings scored", done, total),
        )
        return Outcome(len(readings), balances, version, trained, scored)


def _prepare(project: Project, settings: Settings, progress: Progress) -> None:
    """Create the tables and topics, list the tags, and start the job that stores readings."""
    progress("tables and topics", None, None)
    table_changes.apply(project, settings)
    topic_changes.apply(project, settings)
    tags.import_tags(settings, dataset.tags())
    replay.create_topic(settings.kafka_client(), source_files.load(project, SOURCE).topic)
    _start(project, settings, JOB, progress)


def _start(project: Project, settings: Settings, job: str, progress: Progress) -> None:
    """Start the job as its files are now, from the state that an earlier run of the demo left; one that runs stays."""
    if Cluster.of(settings).running(job):
        return
    with operation_context.locked(project, settings, progress=lambda step: progress(step, None, None)) as operation:
        upgrade(operation, job)


def _send(project: Project, settings: Settings, readings: pa.Table, name: str, progress: Progress) -> list[Balance]:
    """Send the readings that the topic lacks, wait until all are stored, and return their reconciliation."""
    topic = source_files.load(project, SOURCE).topic
    replay.replay(settings.kafka_client(), topic, readings, lambda done: progress(name, done, len(readings)))
    return reconcile.follow(
        project, settings, JOB, STALLED_S, lambda done, total: progress("records stored", done, total)
    )


def _train(project: Project, settings: Settings, progress: Progress) -> Trained:
    model = str(job_folder.load(project, SCORES).job.model).partition("@")[0]
    return train(
        project,
        Historian.open(settings, nonfinite="bad"),
        model,
        (LEARNED, SCORED_FROM),
        lambda step: progress(f"model {model}: {step}", None, None),
    )


@contextmanager
def _platform(project: Project, progress: Progress) -> Iterator[None]:
    local.up(project, lambda step: progress(step, None, None))
    try:
        yield
    except BaseException:
        local.down(project, lambda step: progress(step, None, None))
        raise


def _before(readings: pa.Table, time: datetime) -> int:
    """Return the number of `readings`, sorted by ts (epoch milliseconds), that come before `time`."""
    return int(np.searchsorted(readings["ts"].to_numpy(), int(time.timestamp() * 1000)))
