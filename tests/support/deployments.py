"""What tests of deployments share: deploy, change a job's files, keep readings coming."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from headrace.operations import deploy
from headrace.operations.deploy import Outcome, recover
from headrace.operations.lifecycle import operation_context
from headrace.operations.lifecycle.operation_context import OperationContext
from support.worlds.live_plant import JOB, Plant

READINGS = f"{JOB}/historian.readings.sql.j2"


def of(plant: Plant, *jobs: str) -> Plant:
    flink = plant.settings.flink.model_copy(update={"checkpoint_interval_s": 1, "parallelism": 1})
    return replace(plant, settings=plant.settings.model_copy(update={"deploy": [*jobs], "flink": flink}))


@contextmanager
def at(plant: Plant) -> Iterator[OperationContext]:
    with operation_context.locked(plant.project, plant.settings, progress=print) as context:
        yield context


def deployed(plant: Plant) -> list[Outcome]:
    with at(plant) as context:
        recover(context)
        actions = deploy.plan(context)
        deploy.validate(actions)
        outcomes = deploy.execute(context, actions)
    deploy.verdict(outcomes)
    return outcomes


def kinds(done: list[Outcome]) -> dict[str, str]:
    return {each.action.job: each.action.kind for each in done}


def ids(plant: Plant) -> dict[str, list[str]]:
    """Of each job that runs, the ids of its incarnations on the cluster."""
    found: dict[str, list[str]] = {}
    for job in plant.cluster.jobs():
        if not job.ended:
            found.setdefault(job.name, []).append(job.id)
    return found


def edit(plant: Plant, file: str, before: str, after: str) -> None:
    path = plant.project.sql / file
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))
