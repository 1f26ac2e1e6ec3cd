"""upgrade, rollback, restart."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from headrace.cli.common import Context, Env, JobName, Json, log
from headrace.cli.submit import Wait, show
from headrace.errors import UserError
from headrace.operations.lifecycle import operation_context, restart_stateless
from headrace.operations.lifecycle import restart as restarts
from headrace.operations.lifecycle import rollback as rollbacks
from headrace.operations.lifecycle import upgrade as upgrades

AcceptLoss = Annotated[
    bool, typer.Option("--accept-loss", help="Go on where state is lost, or what becomes of it is not known.")
]


def upgrade(
    job: JobName,
    parallelism: Annotated[int | None, typer.Option(min=1, help="Slots to run in.", show_default="catalogs/")] = None,
    accept_loss: AcceptLoss = False,
    wait: Wait = 0,
    env: Env = "local",
    json: Json = False,
) -> None:
    """Have a job run as its files say, from the state that it has; the old version runs again if the new one fails.

    Ends with 1, before anything stops, where the state cannot go along; with 3 where the old version runs again.
    """
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
    """Run the version before this one again: its own SQL, engine and functions, from the state that there is."""
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
        Literal["savepoint", "checkpoint", "nothing"], typer.Option("--from", help="What to go on from.")
    ] = "savepoint",
    path: Annotated[str | None, typer.Option(help="Which one, where not the newest.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="From nothing: agree to what it costs.")] = False,
    wait: Wait = 0,
    env: Env = "local",
    json: Json = False,
) -> None:
    """Run a job's last version anew.

    From a savepoint: one that runs is stopped with one first. From a checkpoint: one that runs is ended as it stands;
    also for a job that a dead JobManager has forgotten. From nothing: it says what that costs, and asks.
    """
    context = Context(env)
    if source == "nothing" and path:
        raise UserError("there is no path to nothing", fix="leave --path out, or say --from savepoint")
    if source == "nothing" and not yes:
        _ask(context, job)
    with (
        log.status(job) as status,
        operation_context.locked(context.project, context.settings, wait, status.update) as operation,
    ):
        entry = (
            restart_stateless.restart(operation, job) if source == "nothing" else restarts.restart(operation, job, source, path)
        )
    show(entry, json=json)


def _ask(context: Context, job: str) -> None:
    sentences = restart_stateless.cost(operation_context.read_only(context.project, context.settings), job).sentences
    if not sentences:
        return
    log.print(f"To start {job} from nothing costs:", highlight=False)
    for sentence in sentences:
        log.print(f"  {sentence}", highlight=False, soft_wrap=True)
    if not log.is_terminal:
        raise UserError(f"{job} is not restarted from nothing unasked", fix="agree to what it costs: --yes")
    typer.confirm("Restart it?", abort=True, err=True)
