"""recompute."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Annotated

import typer

from headrace.cli.common import Context, Env, Json, log, out, print_json, table
from headrace.upkeep import recompute as windows
from headrace.upkeep.recompute import Recomputed

_SHOWN = 10
_NUMBERS = ("computed anew", "not all stored yet", "may still be open", "count more than is stored")


def recompute(
    jobs: Annotated[
        list[str] | None, typer.Argument(metavar="[JOB]...", help="Default: all whose job.yaml says recompute.")
    ] = None,
    env: Env = "local",
    json: Json = False,
) -> None:
    """Compute windows anew that lack late readings, by the job's own SQL over the readings stored.

    Jobs may be at work meanwhile, and it may be ended at any point. The windows are listed in historian.dirty_windows.
    """
    context = Context(env)
    with log.status("looking for late readings") as status:
        found = windows.recompute(context.project, context.settings, jobs or (), status.update)
    if json:
        print_json([asdict(each) for each in found])
        return
    shown = table("job", *_NUMBERS, numbers=_NUMBERS)
    for each in found:
        shown.add_row(
            each.job, *(f"{len(some):,}" for some in (each.anew, each.unstored, each.still_open, each.beyond))
        )
    out.print(shown)
    for line in _told(found):
        out.print(line, highlight=False, soft_wrap=True)


def _told(found: Iterable[Recomputed]) -> Iterable[str]:
    for each in found:
        if each.through:
            but = ", but for those that count more" if each.beyond else ""
            yield f"{each.job}: each window that ended by {each.through:%Y-%m-%d %H:%M}Z counts what is stored{but}"
        for more in each.beyond[:_SHOWN]:
            yield f"  {more.key} {more.start:%Y-%m-%d %H:%M}Z counts {more.counted:,}, of {more.stored:,} stored"
        if len(each.beyond) > _SHOWN:
            yield f"  and {len(each.beyond) - _SHOWN:,} more"
        if each.behind:
            yield f"{each.job}: the table of readings is behind the topic; run it again once `completeness` says no lag"
        if each.still_open:
            yield f"{each.job}: windows that the job may yet write wait until it has written a later one"
