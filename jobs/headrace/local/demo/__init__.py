"""Run two years of a real wind farm through the pipeline.

The package takes a project and its settings, stores the readings, and returns their reconciliation. It is an example on
top of the engine, which does not depend on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from headrace import local
from headrace.environment.apply import table_changes
from headrace.environment.flink_rest import Cluster
from headrace.environment.settings import Settings
from headrace.historian.tags import tags
from headrace.local.demo import dataset, replay
from headrace.operations.lifecycle import operation_context
from headrace.operations.lifecycle.submit import submit
from headrace.project import source_files
from headrace.project.paths import Project
from headrace.upkeep import reconcile
from headrace.upkeep.reconcile import Balance

QUERIES = Path(__file__).parent / "queries"
JOB, SOURCE = "historian/readings_v1", "plant_readings"
STALLED_S = 120

Progress = Callable[[str, int | None, int | None], None]
"""Called with a step's name, and how much of it is done and the total, each None if unknown."""


@dataclass(frozen=True)
class Outcome:
    """The demo's result: the number of readings sent, and their reconciliation."""

    sent: int
    balances: list[Balance]


def run(project: Project, settings: Callable[[], Settings], progress: Progress) -> Outcome:
    """Run the demo, resuming where an earlier run stopped. `settings` is called once the platform is up.

    A run that fails or is interrupted stops the platform; one that succeeds keeps it running to be explored.
    """
    progress("data of the wind farm", None, None)
    readings = dataset.readings(dataset.fetch(project))
    with _platform(project, progress):
        known = settings()
        client, topic = known.kafka_client(), source_files.load(project, SOURCE).topic
        progress("tables and topic", None, None)
        table_changes.apply(project, known)
        tags.import_tags(known, dataset.tags())
        replay.create_topic(client, topic)
        if not Cluster.of(known).running(JOB):
            with operation_context.locked(
                project, known, progress=lambda step: progress(step, None, None)
            ) as operation:
                submit(operation, JOB)
        replay.replay(client, topic, readings, lambda done: progress("messages", done, len(readings)))
        balances = reconcile.follow(
            project, known, JOB, STALLED_S, lambda done, total: progress("records stored", done, total)
        )
        return Outcome(len(readings), balances)


@contextmanager
def _platform(project: Project, progress: Progress) -> Iterator[None]:
    local.up(project, lambda step: progress(step, None, None))
    try:
        yield
    except BaseException:
        local.down(project, lambda step: progress(step, None, None))
        raise
