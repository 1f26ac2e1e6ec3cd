"""`headrace events`: list, show and compare the events of anomalies, and write what people say of them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from headrace.cli import completion, times
from headrace.cli.common import Context, Env, Json, out, print_json, table
from headrace.cli.event_text import comparison, lasting, shown
from headrace.errors import UserError

app = typer.Typer(
    help="Event frames of anomalies: list them, compare two, acknowledge one.",
    no_args_is_help=True,
)
LISTED = 30

Tag = Annotated[str, typer.Argument(metavar="TAG", help="The event's tag.", autocompletion=completion.tags)]
Start = Annotated[str, typer.Argument(metavar="START", help="Its start, or an ISO-8601 time in it.")]
By = Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who says it; default: your user name.")]
Model = Annotated[
    str | None, typer.Option(metavar="MODEL@N", help="A version, or a model for all its versions; default: all.")
]


@app.command("list")
def listing(
    tag: Annotated[
        str, typer.Argument(metavar="TAG", help="A name or a wildcard: 'R80711.*'.", autocompletion=completion.tags)
    ] = "*",
    asset: Annotated[str, typer.Option(help="A place in the plant, or a wildcard for one.")] = "*",
    since: Annotated[str | None, typer.Option(metavar="TIME", help="Events that last beyond this time.")] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Events that start before this time.")] = None,
    cause: Annotated[str | None, typer.Option(metavar="CAUSE", help="Such as stuck, level or shift_8h.")] = None,
    model: Model = None,
    open_: Annotated[
        bool | None, typer.Option("--open/--ended", help="Only events that go on by now, or only those that cannot.")
    ] = None,
    acknowledged: Annotated[
        bool | None, typer.Option("--acknowledged/--not-acknowledged", help="Only those, or only the others.")
    ] = None,
    min_score: Annotated[float | None, typer.Option(metavar="SCORE", help="The least peak score.")] = None,
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="The most events to print.")] = LISTED,
    env: Env = "local",
    json: Json = False,
) -> None:
    """List events, newest first."""
    from headrace.historian import Historian

    found = Historian.open(Context(env).settings).events(
        tag,
        times.instant(since, "--since"),
        times.instant(until, "--until"),
        asset=asset,
        cause=cause,
        model=model,
        state=None if open_ is None else "open" if open_ else "ended",
        acknowledged=acknowledged,
        min_score=min_score,
    )
    rows = found.slice(0, limit).to_pylist()
    if json:
        print_json({"found": len(found), "events": rows})
        return
    _print_list(rows, len(found))


@app.command()
def show(tag: Tag, start: Start, model: Model = None, env: Env = "local", json: Json = False) -> None:
    """Show an event: its peak, the related tags, what people say of it, and how to see its trend."""
    _, event = _found(env, tag, start, model)
    if json:
        print_json(event)
    else:
        out.print(shown(event), highlight=False, markup=False, soft_wrap=True)


@app.command()
def acknowledge(
    tag: Tag,
    start: Start,
    note: Annotated[str | None, typer.Option(metavar="TEXT", help="A note, which replaces the one before.")] = None,
    by: By = None,
    undo: Annotated[bool, typer.Option("--undo", help="Take an acknowledgement back.")] = False,
    env: Env = "local",
    json: Json = False,
) -> None:
    """Say that somebody takes care of an event. It stays acknowledged when its readings are scored again."""
    from headrace.historian.anomalies import notes

    context, event = _found(env, tag, start)
    written = notes.write(context.settings, event, by=by, acknowledged=not undo, note=note)
    _confirm(written, "is not acknowledged any more" if undo else "is acknowledged", json=json)


@app.command()
def note(
    tag: Tag,
    start: Start,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The note; '' removes the one before.")],
    by: By = None,
    env: Env = "local",
    json: Json = False,
) -> None:
    """Write a note about an event, which replaces the one before."""
    from headrace.historian.anomalies import notes

    context, event = _found(env, tag, start)
    written = notes.write(context.settings, event, by=by, note=text)
    _confirm(written, "has this note" if written["note"] else "has no note any more", json=json)


@app.command()
def compare(
    first: Annotated[str, typer.Argument(metavar="TAG@START", help="An event: its tag, @ and a time in it.")],
    second: Annotated[str, typer.Argument(metavar="TAG@START", help="Another event.")],
    env: Env = "local",
    json: Json = False,
) -> None:
    """Compare two events: what their tags and related tags measured at the same time since the start of each."""
    from headrace.historian import Historian
    from headrace.historian import comparison as compared
    from headrace.historian.anomalies.one_event import written

    places = [_place(asked) for asked in (first, second)]
    historian = Historian.open(Context(env).settings, nonfinite="bad")
    one, other = (historian.event(tag, start) for tag, start in places)
    rows = compared.compare(historian, one, other)
    if json:
        print_json({"first": one, "second": other, "values": rows.to_pylist()})
        return
    for which, event in (("first ", one), ("second", other)):
        text = f"{which}  {event['tag']} from {written(event['started_at'])} UTC, {event['cause']}, {lasting(event)}"
        out.print(text, highlight=False, markup=False, soft_wrap=True)
    for tags, values in comparison(rows):
        out.print(f"\n{tags}", highlight=False, markup=False, soft_wrap=True)
        out.print(values)


def _found(env: str, tag: str, start: str, model: str | None = None) -> tuple[Context, dict[str, Any]]:
    from headrace.historian import Historian

    context = Context(env)
    return context, Historian.open(context.settings).event(tag, _time(start), model=model)


def _time(text: str) -> datetime:
    time = times.instant(text, "START")
    assert time, "only None gives None"  # noqa: S101 - narrows the type
    return time


def _place(asked: str) -> tuple[str, datetime]:
    tag, _, start = asked.rpartition("@")
    if not tag:
        raise UserError(f"'{asked}' is not an event", fix="write its tag, @ and its start: P1.flow@2026-01-31T08:00")
    return tag, _time(start)


def _confirm(written: dict[str, Any], what: str, *, json: bool) -> None:
    if json:
        print_json(written)
        return
    from headrace.historian.anomalies.one_event import written as start

    event = f"{written['tag']} at {start(written['started_at'])}"
    out.print(f"{event} {what}, by {written['noted_by']}", highlight=False, markup=False, soft_wrap=True)


def _print_list(rows: list[dict[str, Any]], found: int) -> None:
    from rich.markup import escape

    from headrace.historian.anomalies.one_event import written

    models = {row["model"] for row in rows}
    columns = ["start (UTC)", "tag", "lasts", "cause", "score", "ack"] + (["model"] if len(models) > 1 else [])
    listed = table(*columns, numbers=("lasts", "score"))
    for row in rows:
        known = [row["cause"], f"{row['peak_score']:.1f}", "yes" if row["acknowledged"] else ""]
        last = [row["model"]] if len(models) > 1 else []
        listed.add_row(written(row["started_at"]), escape(row["tag"]), lasting(row), *map(escape, [*known, *last]))
    out.print(listed)
    of = f" of {next(iter(models))}" if len(models) == 1 else ""
    states = {row["state"] for row in rows}
    goes_on = ("; +: may go on" if "open" in states else "") + (
        "; ?: no job has advanced it for a day" if "stale" in states else ""
    )
    out.print(f"{found:,} event{'' if found == 1 else 's'}{of}{goes_on}", highlight=False, markup=False)
    if found > len(rows):
        out.print(f"{found - len(rows):,} more: --limit {found} shows all", highlight=False)
    if rows:
        out.print("headrace events show TAG START", highlight=False)
