"""Refuse two jobs that append to the same table: they could not find out which rows are theirs.

Two score jobs may, if they have different versions of a model: each row says which one it is of.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence

from headrace.errors import Problem, UserError
from headrace.operations.ledger import ALIVE
from headrace.operations.lifecycle.operation_context import OperationContext
from headrace.project import job_folder, yaml_file
from headrace.project.job import SCORE, Job
from headrace.project.paths import Project

_APART = "give each a table of its own, or take one of them out of deploy: in the environment's file"


def refuse_shared_tables(project: Project, names: Iterable[str], fix: str = _APART) -> None:
    """Raise UserError with each table to which more than one of the jobs `names` appends, and with these jobs."""
    writers: dict[str, list[Job]] = defaultdict(list)
    for name in names:
        job = job_folder.job_of(project, name)
        for sink, mode in job.writes.items():
            if mode == "append":
                writers[sink].append(job)
    problems = []
    for sink, jobs in writers.items():
        shared = _model_of_two(jobs)
        if len(jobs) < 2 or (not shared and all(job.kind == SCORE for job in jobs)):
            continue
        apart = f"give one of them another version of the model than {shared}, or stop one" if shared else fix
        file = project.sql / jobs[-1].name / "job.yaml"
        named = " and ".join(job.name for job in jobs)
        problems.append(Problem(f"{named} both append to {sink}", yaml_file.place(file, ("writes", sink)), apart))
    if problems:
        raise UserError(problems)


def _model_of_two(jobs: Sequence[Job]) -> str | None:
    """Return a version of a model that two of the score jobs have; None if there is none."""
    counts = Counter(job.model for job in jobs if job.kind == SCORE)
    return next((model for model, count in counts.items() if count > 1), None)


def refuse_beside_running(context: OperationContext, name: str) -> None:
    """Raise UserError if another job that runs, according to the ledger, appends to a table of this job."""
    fix = "stop the one that runs: headrace stop; or give each a table of its own"
    refuse_shared_tables(context.project, dict.fromkeys([*_running(context), name]), fix)


def refuse_taken(context: OperationContext, name: str, appends: Collection[str]) -> None:
    """Raise UserError with each table of `appends` to which another job than `name` that runs appends too."""
    problems = [
        Problem(
            f"{other} runs and appends to {sink}, and so does the release of {name} to start",
            context.cluster.rest,
            f"stop the other one first: headrace stop {other}",
        )
        for other in _running(context)
        if other != name
        for sink, mode in job_folder.job_of(context.project, other).writes.items()
        if mode == "append" and sink in appends
    ]
    if problems:
        raise UserError(problems)


def _running(context: OperationContext) -> list[str]:
    """Return the jobs of the project that run, according to the ledger."""
    known = job_folder.names(context.project)
    return sorted(job for job, entry in context.ledger.last().items() if entry.step in ALIVE and job in known)
