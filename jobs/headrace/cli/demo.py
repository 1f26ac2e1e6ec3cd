"""`headrace demo`: run two years of real sensor data through the pipeline and verify that nothing was lost."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headrace.cli import progress, reconcile
from headrace.cli.common import Context, Json, out, print_json, table

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from rich.panel import Panel

    from headrace.local.demo import Outcome

TREND_TAG = "R80711.wind_speed"
TREND_SINCE, TREND_UNTIL = datetime(2015, 11, 1, tzinfo=UTC), datetime(2015, 12, 1, tzinfo=UTC)


def demo(json: Json = False) -> None:
    """Run two years of real wind farm data through Kafka, Flink and Iceberg, and verify that nothing was lost."""
    from headrace.environment import warehouse
    from headrace.local import demo as pipeline
    from headrace.upkeep import reconcile as reconciliation

    context = Context("local")
    with progress.steps() as step:
        outcome = pipeline.run(context.project, lambda: context.settings, step)
    with warehouse.open(context.settings) as connection:
        if json:
            _print_json(connection, outcome)
        else:
            _report(connection, outcome, context.project.home / "demo" / "trend.png")
    reconciliation.verdict(outcome.balances)


def _report(connection: DuckDBPyConnection, outcome: Outcome, picture: Path) -> None:
    from rich.text import Text

    from headrace.local.demo import trend

    _counts(connection)
    out.rule("nothing lost, nothing stored twice", align="left")
    reconcile.show(outcome.balances)
    out.rule("dead letters by code", align="left")
    _dead_letters(connection)
    span = {"tag": TREND_TAG, "since": str(TREND_SINCE), "until": str(TREND_UNTIL)}
    rows = _answer(connection, "trend.sql", span).to_arrow_table()
    title = f"{TREND_TAG}, {TREND_SINCE:%B %Y}"
    out.rule(title, align="left")
    out.print(Text.from_ansi(trend.in_terminal(rows, title, min(out.width, 110))))
    out.print(f"picture: {trend.to_png(rows, title, 'm/s', picture)}", highlight=False, soft_wrap=True)
    out.print(_next())


def _counts(connection: DuckDBPyConnection) -> None:
    values = _figures(connection)
    out.rule("historian.readings", align="left")
    out.print(
        f"{values['readings']:,} readings of {values['tags']} tags, {values['first_ts']:%Y-%m-%d} to "
        f"{values['last_ts']:%Y-%m-%d}; "
        f"{values['unknown_tag']:,} of a tag that is not in historian.tags",
        highlight=False,
    )


def _dead_letters(connection: DuckDBPyConnection) -> None:
    from rich.markup import escape

    from headrace.local.demo import JOB

    shown = table("records", "stage", "code", "for example", numbers=["records"], prose=["for example"])
    shown.expand = True
    example_column = shown.columns[-1]
    example_column.no_wrap, example_column.ratio, example_column.overflow = True, 1, "ellipsis"
    for stage, code, records, example in _answer(connection, "dead_letters.sql", {"job": JOB}).fetchall():
        shown.add_row(f"{records:,}", stage, code, escape(example))
    out.print(shown)


def _next() -> Panel:
    from rich.panel import Panel

    from headrace.local.demo import JOB

    commands = [
        './run headrace query "select tag, count(*) from historian.readings group by tag"',
        f"./run headrace reconcile {JOB}",
        "./run headrace flink-page",
        "./run headrace local down",
    ]
    text = "\n".join(f"[bold]{command}[/]" for command in commands)
    return Panel(f"{text}\n\nThe job keeps running.", title="try next", expand=False)


def _print_json(connection: DuckDBPyConnection, outcome: Outcome) -> None:
    print_json({"sent": outcome.sent, **_figures(connection), "partitions": outcome.balances})


def _figures(connection: DuckDBPyConnection) -> dict[str, Any]:
    answer = _answer(connection, "counts.sql", {})
    return dict(zip([column[0] for column in answer.description], answer.fetchone() or (), strict=True))


def _answer(connection: DuckDBPyConnection, file: str, values: dict[str, str]) -> DuckDBPyConnection:
    """Run one of the demo's own queries and return its result."""
    from headrace.environment import warehouse
    from headrace.local.demo import QUERIES

    return warehouse.run(connection, QUERIES / file, values)
