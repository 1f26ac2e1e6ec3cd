"""`headrace query`: query the Iceberg tables in SQL."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headrace.cli import cells
from headrace.cli.common import Context, Env, Json, out, print_json_list, refuse_together, table

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SHOWN = 100
_NUMBERS = ("INT", "DOUBLE", "FLOAT", "DECIMAL")


def query(
    sql: Annotated[str, typer.Argument(metavar="SQL", help="DuckDB's SQL over <namespace>.<table>; times are UTC.")],
    env: Env = "local",
    json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV instead of a table.")] = False,
) -> None:
    """Query the Iceberg tables, at their current snapshots, in SQL."""
    from headrace.environment import warehouse

    refuse_together(json=json, csv=as_csv)
    with warehouse.open(Context(env).settings) as connection:
        answer = warehouse.ask(connection, sql)
        with warehouse.errors_reported():
            if json:
                _print_json(answer)
            elif as_csv:
                _print_csv(answer)
            else:
                _print_table(answer)


def _print_json(answer: DuckDBPyConnection) -> None:
    names = [column[0] for column in answer.description]
    print_json_list(dict(zip(names, row, strict=True)) for row in _rows(answer))


def _print_csv(answer: DuckDBPyConnection) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(column[0] for column in answer.description)
    writer.writerows([cells.text(value) for value in row] for row in _rows(answer))


def _rows(answer: DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    """Yield every row of the answer. Only a part of them is in memory at a time."""
    while rows := answer.fetchmany(10_000):
        yield from rows


def _print_table(answer: DuckDBPyConnection) -> None:
    from rich.markup import escape

    names = [column[0] for column in answer.description]
    numbers = tuple(column[0] for column in answer.description if any(n in str(column[1]) for n in _NUMBERS))
    rows = answer.fetchmany(SHOWN + 1)
    shown = table(*names, numbers=numbers)
    for row in rows[:SHOWN]:
        shown.add_row(*(escape(cells.text(value)) for value in row))
    out.print(shown)
    if len(rows) > SHOWN:
        out.print(f"the first {SHOWN} rows; there are more: --csv and --json print all", highlight=False)
    else:
        out.print(f"{len(rows):,} row{'' if len(rows) == 1 else 's'}", highlight=False)
