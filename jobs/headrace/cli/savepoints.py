"""savepoints list, savepoints drop."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from headrace.cli.common import Context, Env, Json, log, out, print_json, table
from headrace.cli.submit import Wait
from headrace.operations.lifecycle import operation_context, savepoints
from headrace.operations.lifecycle.savepoints import Kept

app = typer.Typer(help="What jobs can be started from: savepoints and retained checkpoints.", no_args_is_help=True)


@app.command("list")
def listing(
    job: Annotated[str | None, typer.Argument(metavar="[JOB]", help="<domain>/<job>_v<N>; all jobs if none.")] = None,
    env: Env = "local",
    json: Json = False,
) -> None:
    """List them, oldest first; the newest of a job is the one that it would go on from."""
    context = Context(env)
    with log.status("looking for savepoints"):
        found = savepoints.kept(operation_context.read_only(context.project, context.settings), job)
    if json:
        print_json([_plain(each) for each in found])
        return
    shown = table("job", "kind", "checkpoint", "newest", "path", numbers=("checkpoint",))
    for each in found:
        newest = "newest" if each.newest else ""
        shown.add_row(each.job, each.state.kind, str(each.state.checkpoint_id), newest, each.state.path)
    out.print(shown)


@app.command()
def drop(
    path: Annotated[str, typer.Argument(help="The savepoint, as the list tells it.")],
    wait: Wait = 0,
    env: Env = "local",
    json: Json = False,
) -> None:
    """Delete a savepoint that no job needs any more."""
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


def _plain(each: Kept) -> dict[str, object]:
    return {"job": each.job, "newest": each.newest, **asdict(each.state)}
