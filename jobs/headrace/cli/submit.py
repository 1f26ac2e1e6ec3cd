"""submit."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from headrace.cli.common import Context, Env, JobName, Json, log, out, print_json
from headrace.errors import UserError
from headrace.operations import submission
from headrace.operations.ledger import Entry
from headrace.operations.lifecycle import operation_context
from headrace.operations.lifecycle import submit as lifecycle

Wait = Annotated[float, typer.Option("--wait", help="Seconds to wait for another deployer to end.")]


def submit(
    job: JobName,
    bounded: Annotated[bool, typer.Option("--bounded", help="End at the records that are last now.")] = False,
    parallelism: Annotated[int | None, typer.Option(min=1, help="Slots to run in.", show_default="catalogs/")] = None,
    savepoint: Annotated[
        str | None, typer.Option("--from", metavar="SAVEPOINT", help="Go on from what `headrace stop` told.")
    ] = None,
    wait: Wait = 0,
    env: Env = "local",
    json: Json = False,
) -> None:
    """Start a job on the session cluster; returns once it has completed a checkpoint, or says why it does not.

    A complete job starts where its tables end, any other at the earliest record.
    """
    context = Context(env)
    if bounded and savepoint:
        raise UserError("a bounded job starts where its tables end", fix="leave --from or --bounded out")
    with log.status("reading the job") as status:
        if bounded:
            # It ends by itself: the ledger is of jobs that are to stay.
            project, settings = context.project, context.settings
            ran = submission.submit(
                project, settings, job, bounded=True, parallelism=parallelism, progress=status.update
            )
        else:
            with operation_context.locked(context.project, context.settings, wait, status.update) as operation:
                entry = lifecycle.submit(operation, job, parallelism=parallelism, savepoint=savepoint)
    if not bounded:
        show(entry, json=json)
    elif json:
        print_json(ran.to_json())
    else:
        out.print(f"{ran.name} is {ran.state} as job {ran.id}", highlight=False)


def show(entry: Entry, *, json: bool) -> None:
    """A step of a job's life, as the ledger has it."""
    if json:
        print_json({name: value for name, value in asdict(entry).items() if name != "plan"})
    elif entry.step == "stopped":
        out.print(f"{entry.job} has stopped; savepoint {entry.savepoint}", highlight=False, soft_wrap=True)
    else:
        origin = f", from {entry.savepoint}" if entry.savepoint else ""
        out.print(f"{entry.job} is {entry.step} as job {entry.flink_job_id}{origin}", highlight=False, soft_wrap=True)
