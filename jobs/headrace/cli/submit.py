"""`headrace submit`: start a job on the session cluster."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from headrace.cli import completion, replay, times
from headrace.cli.common import Context, Env, Json, Wait, log, out, print_json
from headrace.errors import HeadraceError, UserError

if TYPE_CHECKING:
    from headrace.operations.ledger import Entry
    from headrace.operations.lifecycle.operation_context import OperationContext


def submit(
    jobs: Annotated[
        list[str],
        typer.Argument(metavar="JOB", help="<domain>/<job>_v<N>, or several.", autocompletion=completion.jobs),
    ],
    bounded: Annotated[bool, typer.Option("--bounded", help="Stop at the current end of the topic.")] = False,
    parallelism: Annotated[int | None, typer.Option(min=1, help="Slots to run in.", show_default="catalogs/")] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="SAVEPOINT|TIME", help="Savepoint to continue from; with --into, the time to begin at."
        ),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="TIME", help="With --into, the time to end before; default: now.")
    ] = None,
    into: Annotated[
        list[str] | None,
        typer.Option(
            "--into",
            metavar="BRANCH|TABLE",
            help="Replay a span of time into a branch, or another table; if there are several, OWN=OTHER for each.",
            show_default=False,
        ),
    ] = None,
    wait: Wait = 0,
    env: Env = "local",
    json: Json = False,
) -> None:
    """Start jobs on the session cluster; returns once each has completed a checkpoint, or reports why it does not.

    A job that keeps every record starts where its tables end, any other at the earliest record. With --bounded, it
    returns once the job runs, and reports at which offsets it stops.

    With --into, it replays the records whose times in Kafka are from --from to before --until, next to the running job,
    and returns at the end. The rows go to a branch of the tables, which readers do not see; topics get nothing. With a
    name like fleet.arrivals_0313, the rows of the job's table go to a table of this name, which is made like it.
    """
    from headrace.operations.lifecycle import submit as lifecycle

    if into:
        _refuse(bounded=bounded, several=len(jobs) > 1)
        replay.replay(Context(env), jobs[0], (since, until), into, parallelism, json=json)
        return
    _refuse_without_target(since, until, several=len(jobs) > 1)
    started: list[Entry] = []

    def one(operation: OperationContext, job: str) -> None:
        entry = lifecycle.submit(operation, job, bounded=bounded, parallelism=parallelism, savepoint=since)
        started.append(entry)
        if not json:
            show(entry, json=False)

    failed = _each(Context(env), jobs, wait, one)
    if json and started:
        print_json([plain(entry) for entry in started] if len(jobs) > 1 else plain(started[0]))
    if failed:
        raise type(failed[0])([problem for error in failed for problem in error.problems])


def _each(
    context: Context, jobs: list[str], wait: float, submit_one: Callable[[OperationContext, str], None]
) -> list[HeadraceError]:
    """Submit the jobs, one after the other, and return the errors of those that do not start."""
    from headrace.operations.lifecycle import operation_context

    failed = []
    with (
        log.status("reading the job") as status,
        operation_context.locked(context.project, context.settings, wait, status.update) as operation,
    ):
        for job in dict.fromkeys(jobs):
            try:
                submit_one(operation, job)
            except HeadraceError as error:
                failed.append(error)
    return failed


def _refuse(*, bounded: bool, several: bool) -> None:
    if bounded:
        raise UserError("--into ends by itself, at --until", fix="leave out --bounded")
    if several:
        raise UserError(
            "only one job is replayed at a time", fix="replay the jobs one by one, each into a branch of its own"
        )


def _refuse_without_target(since: str | None, until: str | None, *, several: bool) -> None:
    time = "--until" if until is not None else "a time" if since is not None and times.is_time(since) else None
    if time:
        raise UserError(f"{time} belongs to --into", "--from, --until", "add --into BRANCH, or --into TABLE")
    if several and since is not None:
        raise UserError("a savepoint belongs to one job", fix="submit the jobs one by one")


def plain(entry: Entry) -> dict[str, object]:
    """Return the ledger's entry of an operation on a job as one JSON object, without the plan."""
    return {name: value for name, value in asdict(entry).items() if name != "plan"}


def show(entry: Entry, *, json: bool) -> None:
    """Print the ledger's entry of an operation on a job."""
    if json:
        print_json(plain(entry))
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
