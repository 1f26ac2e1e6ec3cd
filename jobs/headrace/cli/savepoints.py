"""`headrace savepoints`: list savepoints and retained checkpoints, and delete savepoints."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from headrace.cli import completion
from headrace.cli.common import Context, Env, Json, Wait, log, out, print_json, table

if TYPE_CHECKING:
    from headrace.operations.lifecycle.savepoints import Kept

app = typer.Typer(help="Savepoints and retained checkpoints: what jobs can be started from.", no_args_is_help=True)


@app.command("list")
def listing(
    job: Annotated[
        str | None,
        typer.Argument(metavar="JOB", help="<domain>/<job>_v<N>; default: all jobs.", autocompletion=completion.jobs),
    ] = None,
    env: Env = "local",
    json: Json = False,
) -> None:
    """List savepoints and retained checkpoints, oldest first; a job continues from its newest one."""
    from headrace.operations.lifecycle import operation_context, savepoints

    context = Context(env)
    with log.status("looking for savepoints"):
        kept = savepoints.kept(operation_context.read_only(context.project, context.settings), job)
    if json:
        print_json([_plain(savepoint) for savepoint in kept])
        return
    shown = table("job", "kind", "checkpoint", "newest", "path", numbers=("checkpoint",))
    for savepoint in kept:
        newest = "newest" if savepoint.newest else ""
        state = savepoint.state
        shown.add_row(savepoint.job, state.kind, str(state.checkpoint_id), newest, state.path)
    out.print(shown)


@app.command()
def drop(
    path: Annotated[str, typer.Argument(metavar="PATH", help="Path of the savepoint, as the list shows it.")],
    wait: Wait = 0,
    env: Env = "local",
    json: Json = False,
) -> None:
    """Delete a savepoint that no job needs any more."""
    from headrace.operations.lifecycle import operation_context, savepoints

    context = Context(env)
    with (
        log.status("dropping") as status,
        operation_context.locked(context.project, context.settings, wait, status.update) as operation,
    ):
        dropped = savepoints.drop(operation, path)
    if json:
        print_json(_plain(dropped))
    else:
        out.print(f"dropped {dropped.state.path} of {dropped.job}", highlight=False, soft_wrap=True)


def _plain(savepoint: Kept) -> dict[str, object]:
    return {"job": savepoint.job, "newest": savepoint.newest, **asdict(savepoint.state)}
