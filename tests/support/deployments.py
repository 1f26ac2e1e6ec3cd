"""Deploy the jobs of a plant, and change their files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from headrace.environment.settings import Settings
from headrace.operations import deploy
from headrace.operations.deploy import Outcome, recover
from headrace.operations.lifecycle import operation_context
from headrace.operations.lifecycle.operation_context import OperationContext
from support.worlds.live_plant import JOB, Plant


class LaterSettings(Settings):
    """Settings with one that releases do not know."""

    certificates: str | None = None


def later(settings: Settings) -> Settings:
    """Return the settings with one that no release knows."""
    return LaterSettings.model_validate({**settings.model_dump(), "certificates": "ca.pem"})


READINGS = f"{JOB}/historian.readings.sql.j2"


def of(plant: Plant, *jobs: str) -> Plant:
    """The plant with these jobs to deploy, one slot per job and a checkpoint per second."""
    flink = plant.settings.flink.model_copy(update={"checkpoint_interval_s": 1, "parallelism": 1})
    return replace(plant, settings=plant.settings.model_copy(update={"deploy": [*jobs], "flink": flink}))


@contextmanager
def at(plant: Plant) -> Iterator[OperationContext]:
    """The context of an operation on the plant's jobs, under the deployers' lock."""
    with operation_context.locked(plant.project, plant.settings, progress=print) as context:
        yield context


def deployed(plant: Plant) -> list[Outcome]:
    """Deploy as the command does; return the outcomes. Raises if one of them failed."""
    with at(plant) as context:
        recover(context)
        actions = deploy.plan(context)
        deploy.validate(actions)
        outcomes = deploy.execute(context, actions)
    deploy.verdict(outcomes)
    return outcomes


def kinds(outcomes: list[Outcome]) -> dict[str, str]:
    """What was done with each job."""
    return {each.action.job: each.action.kind for each in outcomes}


def ids(plant: Plant) -> dict[str, list[str]]:
    """The ids of the incarnations on the cluster, by the name of each job that runs."""
    running: dict[str, list[str]] = {}
    for job in plant.cluster.jobs():
        if not job.ended:
            running.setdefault(job.name, []).append(job.id)
    return running


def edit(plant: Plant, file: str, before: str, after: str) -> None:
    """Replace text in a file of the plant's sql/."""
    path = plant.project.sql / file
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))
