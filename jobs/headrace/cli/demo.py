"""demo."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from duckdb import DuckDBPyConnection
from rich.markup import escape
from rich.panel import Panel
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from headrace.cli import reconcile as account
from headrace.cli.common import Context, Json, log, out, print_json, table
from headrace.environment import warehouse
from headrace.local import demo as line
from headrace.local.demo import Outcome, trend
from headrace.upkeep import reconcile

TREND_TAG = "R80711.wind_speed"
TREND_SINCE, TREND_UNTIL = datetime(2015, 11, 1, tzinfo=UTC), datetime(2015, 12, 1, tzinfo=UTC)


def demo(json: Json = False) -> None:
    """Take two years of a real wind farm through Kafka, Flink and Iceberg, and prove that nothing was lost."""
    context = Context("local")
    with _steps() as progress:
        outcome = line.run(context.project, lambda: context.settings, progress)
    with warehouse.open(context.settings) as connection:
        if json:
            _print_json(connection, outcome)
        else:
            _report(connection, outcome, context.project.home / "demo" / "trend.png")
    reconcile.verdict(outcome.balances)


@contextmanager
def _steps() -> Iterator[line.Progress]:
    """A line a step: a spinner while it lasts, its time once it is done."""
    columns = (
        SpinnerColumn(finished_text="[green]done[/]"),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[count]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=log) as shown:
        task: TaskID | None = None
        current = ""

        def progress(step: str, done: int | None, total: int | None) -> None:
            nonlocal task, current
            if step != current:
                if task is not None:
                    shown.update(task, total=1, completed=1)
                    shown.stop_task(task)
                task, current = shown.add_task(step, total=total, count=""), step
            if task is not None and done is not None:
                shown.update(task, total=total, completed=done, count=f"{done:,} of {total:,}")

        yield progress
        if task is not None:
            shown.update(task, total=1, completed=1)


def _report(connection: DuckDBPyConnection, outcome: Outcome, picture: Path) -> None:
    _counts(connection)
    out.rule("nothing lost, nothing doubled", align="left")
    account.show(outcome.balances)
    out.rule("dead letters by code", align="left")
    _dead_letters(connection)
    out.rule("strongest anomaly of a tag", align="left")
    _anomalies(connection)
    rows = warehouse.run(
        connection, line.QUERIES / "trend.sql", {"tag": TREND_TAG, "since": str(TREND_SINCE), "until": str(TREND_UNTIL)}
    ).to_arrow_table()
    title = f"{TREND_TAG}, {TREND_SINCE:%B %Y}"
    out.rule(title, align="left")
    out.print(Text.from_ansi(trend.in_terminal(rows, title, min(out.width, 110))))
    out.print(f"picture: {trend.to_png(rows, title, 'm/s', picture)}", highlight=False, soft_wrap=True)
    out.print(_next(outcome))


def _counts(connection: DuckDBPyConnection) -> None:
    values = _figures(connection)
    out.rule("historian.readings", align="left")
    out.print(
        f"{values['readings']:,} readings of {values['tags']} tags, {values['first_ts']:%Y-%m-%d} to "
        f"{values['last_ts']:%Y-%m-%d}\n{values['scored']:,} of them scored, {values['anomalies']:,} anomalies "
        f"(modified z-score beyond 3.5); {values['unknown_tag']:,} of a tag that historian.tags does not know",
        highlight=False,
    )


def _dead_letters(connection: DuckDBPyConnection) -> None:
    shown = table("records", "stage", "code", "for example", numbers=("records",))
    shown.expand = True
    for column in shown.columns:
        column.no_wrap = True
    shown.columns[-1].ratio, shown.columns[-1].overflow = 1, "ellipsis"
    for stage, code, records, example in warehouse.run(
        connection, line.QUERIES / "dead_letters.sql", {"job": line.JOB}
    ).fetchall():
        shown.add_row(f"{records:,}", stage, code, escape(example))
    out.print(shown)


def _anomalies(connection: DuckDBPyConnection) -> None:
    numbers = ("value", "score", "anomalies")
    shown = table("tag", "time (UTC)", "value", "unit", "score", "anomalies", numbers=numbers)
    for tag, ts, value, unit, score, count in warehouse.run(connection, line.QUERIES / "anomalies.sql", {}).fetchall():
        shown.add_row(tag, f"{ts:%Y-%m-%d %H:%M}", f"{value:.2f}", unit, f"{score:+,.1f}", f"{count:,}")
    out.print(shown)


def _next(outcome: Outcome) -> Panel:
    commands = [
        './run headrace query "select tag, ts, value, score from historian.readings where anomaly limit 5"',
        f"./run headrace reconcile {line.JOB}",
        "./run headrace local down",
    ]
    text = "\n".join(f"[bold]{command}[/]" for command in commands)
    return Panel(f"{text}\n\nThe job goes on running; Flink's page is {outcome.flink}", title="try next", expand=False)


def _print_json(connection: DuckDBPyConnection, outcome: Outcome) -> None:
    print_json({"sent": outcome.sent, **_figures(connection), "partitions": outcome.balances})


def _figures(connection: DuckDBPyConnection) -> dict[str, Any]:
    answer = warehouse.run(connection, line.QUERIES / "counts.sql", {})
    return dict(zip([column[0] for column in answer.description], answer.fetchone() or (), strict=True))
