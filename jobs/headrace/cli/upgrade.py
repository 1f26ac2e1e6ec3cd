"""`headrace upgrade`, `rollback` and `restart`: run a job again, normally from its state."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from headrace.cli.common import AcceptLoss, Context, Env, JobName, Json, Wait, log
from headrace.cli.submit import show
from headrace.errors import UserError


def upgrade(
    job: JobName,
    parallelism: Annotated[int | None, typer.Option(min=1, help="Slots to run in.", show_default="catalogs/")] = None,
    accept_loss: AcceptLoss = False,
    wait: Wait = 0,
    env: Env = "local",
    json: Json = False,
) -> None:
    """Run a job as its files describe it now, continuing from its state; if it fails, the old version runs again.

    Exits with 1, before anything stops, if the state cannot be kept; with 3 if the old version runs again.
    """
    from headrace.operations.lifecycle import operation_context
    from headrace.operations.lifecycle import upgrade as upgrades

    context = Context(env)
    with (
        log.status(job) as status,
        operation_context.locked(context.project, context.settings, wait, status.update) as operation,
    ):
        entry = upgrades.upgrade(operation, job, accept_loss=accept_loss, parallelism=parallelism)
    show(entry, json=json)


def rollback(
    job: JobName, accept_loss: AcceptLoss = False, wait: Wait = 0, env: Env = "local", json: Json = False
) -> None:
    """Run the previous version of a job again: its own SQL, engine and functions, continuing from the present state."""
    from headrace.operations.lifecycle import operation_context
    from headrace.operations.lifecycle import rollback as rollbacks

    context = Context(env)
    with (
        log.status(job) as status,
        operation_context.locked(context.project, context.settings, wait, status.update) as operation,
    ):
        entry = rollbacks.rollback(operation, job, accept_loss=accept_loss)
    show(entry, json=json)


def restart(
    job: JobName,
    source: Annotated[
        Literal["savepoint", "checkpoint", "nothing"], typer.Option("--from", help="What to continue from.")
    ] = "savepoint",
    path: Annotated[str | None, typer.Option(help="Savepoint or checkpoint path.", show_default="newest")] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="With --from nothing: accept what it costs, and do not ask.")
    ] = False,
    wait: Wait = 0,
    env: Env = "local",
    json: Json = False,
) -> None:
    """Restart the last version of a job.

    From a savepoint: a running job is first stopped with one. From a checkpoint: a running job is cancelled; this also
    restarts a job that a JobManager lost when it failed. From nothing: reports what is lost or repeated, and asks.
    """
    from headrace.operations.lifecycle import operation_context, restart_stateless
    from headrace.operations.lifecycle import restart as restarts

    context = Context(env)
    if source == "nothing" and path:
        raise UserError("--path cannot be combined with --from nothing", fix="omit --path, or use --from savepoint")
    if source == "nothing":
        _confirm(context, job, yes=yes)
    with (
        log.status(job) as status,
        operation_context.locked(context.project, context.settings, wait, status.update) as operation,
    ):
        entry = (
            restart_stateless.restart(operation, job)
            if source == "nothing"
            else restarts.restart(operation, job, source, path)
        )
    show(entry, json=json)


def _confirm(context: Context, job: str, *, yes: bool) -> None:
    """Print the cost of a restart without state, and ask unless `yes`. Raises UserError if nobody can be asked."""
    from headrace.operations.lifecycle import operation_context, restart_stateless

    sentences = restart_stateless.cost(operation_context.read_only(context.project, context.settings), job).sentences
    log.print(f"Restarting {job} without state:", highlight=False)
    for sentence in sentences:
        log.print(f"  {sentence}", highlight=False, markup=False, soft_wrap=True)
    if yes:
        return
    if not log.is_terminal:
        raise UserError(f"refusing to restart {job} without state", fix="confirm with --yes")
    typer.confirm("Restart it?", abort=True, err=True)
