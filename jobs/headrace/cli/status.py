"""`headrace status`: show the state and the metrics of jobs."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from headrace.cli.common import Context, Env, JobNames, Json, clock, log, out, print_json, table
from headrace.errors import CheckFailed

if TYPE_CHECKING:
    from headrace.operations.lifecycle.status import Status

_NUMBERS = ("up", "restarts", "checkpoint", "lag", "backpressure", "rows/s", "dead/s")


def status(
    jobs: JobNames = None,
    env: Env = "local",
    json: Json = False,
) -> None:
    """Show the state of jobs and how they progress; exits with 1 unless every job that should run does.

    lag: records still to be read; checkpoint: time since the last one; backpressure: share of time that the worst task
    waits for the next one.
    """
    from headrace.operations.lifecycle import operation_context
    from headrace.operations.lifecycle import status as lifecycle
    from headrace.upkeep import completeness

    context = Context(env)
    with log.status("querying the cluster"):
        last = completeness.last(context.settings)
        operation = operation_context.read_only(context.project, context.settings)
        states = lifecycle.status(operation, jobs or (), last.through_of)
    if json:
        print_json([_plain(job) for job in states])
    else:
        _show(states)
    if ill := [job for job in states if not job.well]:
        raise CheckFailed("; ".join(f"{job.job} is {job.state}" for job in ill))


def _show(states: list[Status]) -> None:
    from rich.markup import escape

    shown = table("job", "state", *_NUMBERS, numbers=_NUMBERS)
    for job in states:
        metrics = job.metrics
        row = (
            _time(job.uptime_s),
            _number(metrics.restarts),
            _time(job.checkpoint_age_s),
            _number(metrics.lag),
            "" if metrics.backpressured is None else f"{metrics.backpressured:.0%}",
            _number(metrics.rows_per_s),
            _number(metrics.dead_letters_per_s),
        )
        shown.add_row(job.job, job.state, *row, style=None if job.well else "bold red")
    out.print(shown)
    for job in states:
        if job.complete_through:
            out.print(f"{job.job} is complete through {clock(job.complete_through)}", highlight=False, soft_wrap=True)
        if job.error:
            out.print(f"{job.job}, last error: {escape(job.error)}", highlight=False, soft_wrap=True)


def _time(seconds: float | None) -> str:
    return "" if seconds is None else str(timedelta(seconds=round(seconds)))


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"


def _plain(job: Status) -> dict[str, Any]:
    plain = asdict(job)
    if plain["entry"]:
        plain["entry"].pop("plan")
    return {**plain, "well": job.well}
