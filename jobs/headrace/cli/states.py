"""`headrace states`: say when assets are stopped or in maintenance, so that nobody is alerted of their anomalies."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from headrace.cli import times
from headrace.cli.common import Context, Env, Json, clock, out, print_json, table

if TYPE_CHECKING:
    from headrace.historian.asset_states import Row

app = typer.Typer(
    help="States of assets, stopped or maintenance: events of their anomalies are stored, but alert nobody.",
    no_args_is_help=True,
)

Asset = Annotated[
    str, typer.Argument(metavar="ASSET", help="A place in the plant; what is below it is in the state, too.")
]
By = Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who says it; default: your user name.")]


@app.command("set")
def begin(
    asset: Asset,
    state: Annotated[str, typer.Argument(metavar="STATE", help="stopped or maintenance.")],
    since: Annotated[str | None, typer.Option(metavar="TIME", help="When it began or begins; default: now.")] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="When it ends; default: not known.")] = None,
    note: Annotated[str | None, typer.Option(metavar="TEXT", help="Why.")] = None,
    by: By = None,
    env: Env = "local",
    json: Json = False,
) -> None:
    """Say that an asset is in a state. It replaces what was said about the same asset and start."""
    from headrace.historian import asset_states

    now = datetime.now(UTC).replace(microsecond=0)
    first, last = times.instant(since, "--since") or now, times.instant(until, "--until")
    span = times.ordered(first, last) if last else (first, None)
    _confirm([asset_states.begin(Context(env).settings, asset, state, span, by=by, note=note)], json=json)


@app.command()
def end(
    asset: Asset,
    at: Annotated[str | None, typer.Option(metavar="TIME", help="When; default: now.")] = None,
    by: By = None,
    env: Env = "local",
    json: Json = False,
) -> None:
    """Say that the states of an asset end. One that ends when it begins has never been."""
    from headrace.historian import asset_states

    time = times.instant(at, "--at") or datetime.now(UTC).replace(microsecond=0)
    _confirm(asset_states.end(Context(env).settings, asset, time, by=by), json=json)


@app.command("list")
def listing(env: Env = "local", json: Json = False) -> None:
    """List the states of assets, the latest first."""
    from rich.markup import escape

    from headrace.historian import asset_states
    from headrace.historian.anomalies.one_event import written

    rows = asset_states.stored(Context(env).settings)[::-1]
    if json:
        print_json(rows)
        return
    shown = table("asset", "state", "since (UTC)", "until (UTC)", "by", "note", prose=("note",))
    for row in rows:
        until = written(row["until"]) if row["until"] else ""
        texts = (row["asset"], row["state"], written(row["since"]), until, row["said_by"], row["note"] or "")
        shown.add_row(*map(escape, texts))
    out.print(shown)


def _confirm(rows: list[Row], *, json: bool) -> None:
    if json:
        print_json(rows)
        return
    for row in rows:
        until = f" until {clock(row['until'])}" if row["until"] else ""
        text = f"{row['asset']}: {row['state']} from {clock(row['since'])}{until}, by {row['said_by']}"
        out.print(text, highlight=False, markup=False, soft_wrap=True)
