"""`headrace recompute`: recompute windows that lack late readings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from headrace.cli import completion
from headrace.cli.common import Context, Env, Json, log, out, print_json, table

if TYPE_CHECKING:
    from headrace.upkeep.recompute import Recomputed

_SHOWN = 10
_NUMBERS = ("recomputed", "not all stored yet", "may still be open", "count more than is stored")


def recompute(
    jobs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="JOB", help="Default: all jobs whose job.yaml sets window.", autocompletion=completion.jobs
        ),
    ] = None,
    env: Env = "local",
    json: Json = False,
) -> None:
    """Recompute windows that lack late readings, with the job's own SQL over the stored readings.

    It is safe while jobs run, and can be interrupted at any point. historian.dirty_windows lists the windows.
    """
    from headrace.upkeep import recompute as windows

    context = Context(env)
    with log.status("looking for late readings") as status:
        results = windows.recompute(context.project, context.settings, jobs or (), status.update)
    if json:
        print_json([asdict(result) for result in results])
        return
    shown = table("job", *_NUMBERS, numbers=_NUMBERS)
    for result in results:
        counted = (result.recomputed, result.unstored, result.still_open, result.beyond)
        shown.add_row(result.job, *(f"{len(rows):,}" for rows in counted))
    out.print(shown)
    for line in _remarks(results):
        out.print(line, highlight=False, soft_wrap=True)


def _remarks(results: Iterable[Recomputed]) -> Iterable[str]:
    for result in results:
        if result.through:
            but = ", except those that count more" if result.beyond else ""
            through = f"{result.through:%Y-%m-%d %H:%M}Z"
            yield f"{result.job}: every window that ended by {through} counts what is stored{but}"
        for more in result.beyond[:_SHOWN]:
            yield f"  {more.key} {more.start:%Y-%m-%d %H:%M}Z counts {more.counted:,}, of {more.stored:,} stored"
        if len(result.beyond) > _SHOWN:
            yield f"  and {len(result.beyond) - _SHOWN:,} more"
        if result.behind:
            yield (
                f"{result.job}: the table of readings is behind the topic; "
                "run this again once `completeness` shows no lag"
            )
        if result.deleted:
            first = min(result.deleted, key=lambda each: each.window_start)
            yield (
                f"{result.job}: retention has deleted readings of {len(result.deleted):,} windows, so their rows stay "
                f"as they are; the first is {first.key} {first.window_start:%Y-%m-%d %H:%M}Z"
            )
        if result.still_open:
            yield f"{result.job}: windows that the job may still write wait until it has written a later one"
