"""`headrace submit`: start a job on the session cluster."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from headrace.cli.common import Context, Env, JobName, Json, Wait, log, out, print_json

if TYPE_CHECKING:
    from headrace.operations.ledger import Entry


def submit(
    job: JobName,
    bounded: Annotated[bool, typer.Option("--bounded", help="Stop at the current end of the topic.")] = False,
    parallelism: Annotated[int | None, typer.Option(min=1, help="Slots to run in.", show_default="catalogs/")] = None,
    savepoint: Annotated[
        str | None,
        typer.Option("--from", metavar="SAVEPOINT", help="Savepoint to continue from, as `headrace stop` prints it."),
    ] = None,
    wait: Wait = 0,
    env: Env = "local",
    json: Json = False,
) -> None:
    """Start a job on the session cluster; returns once it has completed a checkpoint, or reports why it does not.

    A job that keeps every record starts where its tables end, any other at the earliest record. With --bounded, it
    returns once the job runs, and reports at which offsets it stops.
    """
    from headrace.operations.lifecycle import operation_context
    from headrace.operations.lifecycle import submit as lifecycle

    context = Context(env)
    with (
        log.status("reading the job") as status,
        operation_context.locked(context.project, context.settings, wait, status.update) as operation,
    ):
        entry = lifecycle.submit(operation, job, bounded=bounded, parallelism=parallelism, savepoint=savepoint)
    show(entry, json=json)


def show(entry: Entry, *, json: bool) -> None:
    """Print the ledger's entry of an operation on a job."""
    if json:
        print_json({name: value for name, value in asdict(entry).items() if name != "plan"})
    elif entry.step == "stopped":
        savepoint = f"; savepoint {entry.savepoint}" if entry.savepoint else ""
        out.print(f"{entry.job} has stopped{savepoint}", highlight=False, soft_wrap=True)
    elif entry.step in {"bounded", "finished"}:
        progress = "has finished" if entry.step == "finished" else "runs until it has read its topics to their end"
        out.print(f"{entry.job} {progress}, as job {entry.flink_job_id}", highlight=False, soft_wrap=True)
    else:
        origin = f", from {entry.savepoint}" if entry.savepoint else ""
        out.print(f"{entry.job} is {entry.step} as job {entry.flink_job_id}{origin}", highlight=False, soft_wrap=True)
    if entry.message and not json:
        out.print(f"  {entry.message}", highlight=False, markup=False, soft_wrap=True)
    if entry.step in {"bounded", "finished"} and not json:
        out.print(f"  headrace status {entry.job} shows whether it has finished, and how many rows it has stored")
