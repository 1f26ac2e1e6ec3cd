"""`headrace model backtest`: score a past span with a version, and keep the rows apart."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from headrace.cli import replay, times
from headrace.cli.common import Context, Env, Json, log, print_json
from headrace.cli.model_arguments import Version
from headrace.errors import UserError


def backtest(
    version: Version,
    since: Annotated[str, typer.Option("--from", metavar="TIME", help="Readings at or after this ISO-8601 time.")],
    into: Annotated[
        list[str],
        typer.Option("--into", metavar="BRANCH|OWN=TABLE", help="A branch of the two tables, or a table for each."),
    ],
    until: Annotated[
        str | None, typer.Option("--until", metavar="TIME", help="Readings before this ISO-8601 time; default: now.")
    ] = None,
    env: Env = "local",
    json: Json = False,
) -> None:
    """Score a past span of stored readings, and write scores and events to a branch or to other tables.

    The version scores as if it had been there, also the readings that it has learned from. Readers of the tables see
    nothing of it. `headrace model events` and `compare` write nothing at all; `rescore` replaces the rows of a version.
    """
    from headrace.project import model_files
    from headrace.upkeep.rescore import backtest as backtests

    context = Context(env)
    first, last = times.instant(since, "--from"), times.instant(until, "--until") or datetime.now(UTC)
    if first is None or first >= last:
        raise UserError(f"--from {since} is not before --until {until or 'now'}", fix="write an earlier --from")
    pin = model_files.exact(context.project, str(model_files.pin(context.project, version)))
    with log.status("scoring") as status:
        done = backtests.backtest(context.project, context.settings, pin, (first, last), *into, progress=status.update)
    if json:
        print_json({"model": str(pin), "since": first, "until": last, **asdict(done)})
    else:
        replay.show_written(done.written)
        replay.show_next(done.targets, backtests.OWN[0], "")
