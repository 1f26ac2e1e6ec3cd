"""`headrace try`: run a job on live topics without writing anything."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from headrace.cli import times
from headrace.cli.common import Context, Env, JobName, Json, log, out, print_json, table
from headrace.errors import UserError

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

    from headrace.authoring.try_job import Change, TrialStats


def run(
    job: JobName,
    since: Annotated[
        str,
        typer.Option(
            "--from", metavar="earliest|latest|TIME", help="Where to start; a TIME is ISO-8601, compared with Kafka's."
        ),
    ] = "latest",
    rows: Annotated[int, typer.Option(min=1, help="Stop once a sink has this many rows.")] = 20,
    seconds: Annotated[float, typer.Option(min=1, help="Stop after this many seconds.")] = 60,
    env: Env = "local",
    json: Json = False,
) -> None:
    """Run a job's SELECTs on live topics and show the rows; nothing is written anywhere."""
    from rich.live import Live

    from headrace.authoring import try_job
    from headrace.authoring.try_job import TrialStats

    context, stats = Context(env), TrialStats()
    options = {"since": _time(since), "rows": rows, "limit_s": seconds, "stats": stats}
    with log.status("starting Flink"):
        coming = try_job.run(context.project, context.settings, job, **options)  # type: ignore[arg-type]
        first = next(coming, None)
    changes = [first] if first else []
    if json:
        changes += coming
        print_json({**vars(stats), "counts": stats.rows, "rows": [asdict(change) for change in changes]})
        return
    with Live(_tables(changes), console=out, auto_refresh=False) as live:
        for change in coming:
            changes.append(change)
            live.update(_tables(changes), refresh=True)
    _report(stats)


def _time(text: str) -> datetime | None:
    if text == "latest":
        return None
    if text == "earliest":
        return datetime.fromtimestamp(0, UTC)
    try:
        return times.iso(text)
    except ValueError:
        raise UserError(
            f"--from: '{text}' is not a valid time", fix="write earliest, latest or 2026-03-01T06:00:00Z"
        ) from None


def _tables(changes: list[Change]) -> Group:
    """Return one table per sink, in the order of their first rows."""
    from rich.console import Group

    return Group(*(_table(sink, changes) for sink in dict.fromkeys(change.sink for change in changes)))


def _table(sink: str, changes: list[Change]) -> Table:
    from rich.markup import escape

    own = [change for change in changes if change.sink == sink]
    columns = [column for column in own[0].row if not column.startswith("src_")]
    shown = table("", *columns, title=sink, numbers=tuple(c for c in columns if isinstance(own[0].row[c], float | int)))
    for change in own:
        cells = ["" if change.row[c] is None else escape(str(change.row[c])) for c in columns]
        shown.add_row(change.op, *cells, style="dim" if change.op == "-" else None)
    return shown


def _report(stats: TrialStats) -> None:
    from rich.markup import escape
    from rich.table import Table

    if not stats.rows:
        out.print("No rows came out.")
    rate = "" if stats.per_s is None else f"; while running, {stats.per_s:,.0f} per second in one slot"
    letters = ", ".join(f"{code} {n:,}" for code, n in stats.dead.most_common()) or "none"
    lines = [
        ("rows", ", ".join(f"{sink} {n:,}" for sink, n in stats.rows.items()) or "none"),
        ("dead letters", letters),
        ("late", f"{stats.late:,}"),
        ("read", f"{stats.records:,} records in {stats.seconds:.1f} s{rate}"),
        ("state", f"{stats.state_bytes / 1024:,.1f} KiB at the last checkpoint"),
    ]
    out.print()
    grid = Table.grid(padding=(0, 2))
    for name, text in lines:
        grid.add_row(f"[bold]{name}[/]", escape(text))
    out.print(grid)
