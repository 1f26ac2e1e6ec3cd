"""status."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any

import typer
from rich.markup import escape

from headrace.cli.common import Context, Env, Json, clock, log, out, print_json, table
from headrace.errors import CheckFailed
from headrace.operations.lifecycle import operation_context
from headrace.operations.lifecycle import status as lifecycle
from headrace.operations.lifecycle.status import Status
from headrace.upkeep import completeness

_NUMBERS = ("up", "restarts", "checkpoint", "lag", "backpressure", "rows/s", "dead/s")


def status(
    jobs: Annotated[list[str] | None, typer.Argument(metavar="[JOB]...", help="All of them if none is named.")] = None,
    env: Env = "local",
    json: Json = False,
) -> None:
    """Show how the jobs are; ends with 1 unless each that should run does.

    lag is in records that are still to be read, checkpoint the time since the last one, backpressure the share of time
    that the worst task waits for the next.
    """
    context = Context(env)
    with log.status("asking the cluster"):
        last = completeness.last(context.settings)
        operation = operation_context.read_only(context.project, context.settings)
        found = lifecycle.status(operation, jobs or (), last.through_of)
    if json:
        print_json([_plain(each) for each in found])
    else:
        _show(found)
    if ill := [each for each in found if not each.well]:
        raise CheckFailed("; ".join(f"{each.job} is {each.state}" for each in ill))


def _show(found: list[Status]) -> None:
    shown = table("job", "state", *_NUMBERS, numbers=_NUMBERS)
    for each in found:
        vitals = each.vitals
        row = (
            _time(each.uptime_s),
            _number(vitals.restarts),
            _time(each.checkpoint_age_s),
            _number(vitals.lag),
            "" if vitals.backpressured is None else f"{vitals.backpressured:.0%}",
            _number(vitals.rows_per_s),
            _number(vitals.dead_letters_per_s),
        )
        shown.add_row(each.job, each.state, *row, style=None if each.well else "bold red")
    out.print(shown)
    for each in found:
        if each.complete_through:
            out.print(f"{each.job} is complete through {clock(each.complete_through)}", highlight=False, soft_wrap=True)
        if each.error:
            out.print(f"{each.job}, last error: {escape(each.error)}", highlight=False, soft_wrap=True)


def _time(seconds: float | None) -> str:
    return "" if seconds is None else str(timedelta(seconds=round(seconds)))


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"


def _plain(each: Status) -> dict[str, Any]:
    plain = asdict(each)
    if plain["entry"]:
        plain["entry"].pop("plan")
    return {**plain, "well": each.well}
