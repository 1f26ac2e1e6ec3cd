"""history."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import typer
from rich.markup import escape

from headrace.cli import cells
from headrace.cli.common import Context, Env, Json, log, out, print_json_list, table
from headrace.errors import UserError
from headrace.historian import Configuration, Historian
from headrace.historian.series import time_range
from headrace.historian.series.intervals import zone as zone_named
from headrace.historian.trends import drawing

SHOWN = 100
_ASK = "What to ask"
_PRINT = "How to answer"


def history(
    tags: Annotated[list[str], typer.Argument(metavar="TAG...", help="Names or wildcards: 'R80711.*'.")],
    last: Annotated[str | None, typer.Option(metavar="8h", help="So long up to now.", rich_help_panel=_ASK)] = None,
    span: Annotated[
        str | None,
        typer.Option("--range", metavar="A..B", help="2026-03-01..2026-03-02T06:00, or one day.", rich_help_panel=_ASK),
    ] = None,
    aggregate: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="An OPC UA aggregate, like TimeAverage2; may recur.", rich_help_panel=_ASK),
    ] = None,
    every: Annotated[
        str | None, typer.Option(metavar="15m", help="One aggregate, or state, each.", rich_help_panel=_ASK)
    ] = None,
    states: Annotated[bool, typer.Option("--states", help="How long each state.", rich_help_panel=_ASK)] = False,
    zone: Annotated[str, typer.Option(help="Whose days and clocks.", rich_help_panel=_ASK)] = "UTC",
    uncertain_is_good: Annotated[
        bool, typer.Option("--uncertain-is-good", help="Use uncertain readings too.", rich_help_panel=_ASK)
    ] = False,
    plot: Annotated[bool, typer.Option("--plot", help="Draw it in the terminal.", rich_help_panel=_PRINT)] = False,
    png: Annotated[Path | None, typer.Option(help="Draw it into a file.", rich_help_panel=_PRINT)] = None,
    parquet: Annotated[Path | None, typer.Option(help="Write it to a file.", rich_help_panel=_PRINT)] = None,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print CSV instead of a table.", rich_help_panel=_PRINT)
    ] = False,
    json: Json = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say on stderr what was read for it.", rich_help_panel=_PRINT)
    ] = False,
    env: Env = "local",
) -> None:
    """Ask for readings, their aggregates or their states over time; without a time, for the last reading."""
    if sum([json, as_csv, plot, png is not None, parquet is not None]) > 1:
        raise UserError("--json, --csv, --plot, --png and --parquet are several answers", fix="choose one")
    if aggregate and states:
        raise UserError("--aggregate and --states are two questions", fix="choose one")
    now = datetime.now(UTC)
    times = time_range.span(last, span, zone_named(zone), now)
    historian = Historian.open(Context(env).settings)
    quality = Configuration(treat_uncertain_as_bad=not uncertain_is_good)
    if times is None:
        found = historian.last(tags, now)
    elif states:
        found = historian.states(tags, *times, every, zone=zone, configuration=quality)
    elif aggregate:
        found = historian.aggregate(tags, *times, every, aggregate, zone=zone, configuration=quality)
    elif plot or png:
        found = historian.plot(tags, *times)
    else:
        found = (historian.stream if json or as_csv or parquet else historian.raw)(tags, *times)
    if plot or png:
        _draw(found, png)
    elif json or as_csv or parquet:
        _write(found, parquet, json=json)
    else:
        _print_table(found)
    if explain:
        log.print(historian.explain(), highlight=False)


def _draw(found: pa.Table, png: Path | None) -> None:
    if png:
        drawing.to_png(found, png)
        out.print(f"{png}: {len(found):,} rows", highlight=False)
    else:
        out.print(drawing.in_terminal(found, out.width), highlight=False, markup=False)


def _write(found: pa.Table | pa.RecordBatchReader, parquet: Path | None, *, json: bool) -> None:
    """Into the file, else on stdout as JSON or CSV; of a stream no more than a part is held."""
    found = found if isinstance(found, pa.RecordBatchReader) else found.to_reader()
    if json:
        print_json_list(row for batch in found for row in batch.to_pylist())
    elif not parquet:
        with pa.csv.CSVWriter(sys.stdout.buffer, found.schema) as csv:
            for batch in found:
                csv.write_batch(batch)
    else:
        # Under another name until it is whole: a reader of half a file would not know.
        unfinished = parquet.with_name(f"{parquet.name}.part")
        try:
            with pa.parquet.ParquetWriter(unfinished, found.schema) as writer:
                rows = sum(writer.write_batch(batch) or len(batch) for batch in found)
            unfinished.replace(parquet)
        finally:
            unfinished.unlink(missing_ok=True)
        out.print(f"{parquet}: {rows:,} rows", highlight=False)


def _print_table(found: pa.Table) -> None:
    numbers = tuple(
        each.name for each in found.schema if pa.types.is_floating(each.type) or pa.types.is_integer(each.type)
    )
    shown = table(*found.column_names, numbers=numbers)
    for row in found.slice(0, SHOWN).to_pylist():
        shown.add_row(*(escape(cells.text(value)) for value in row.values()))
    out.print(shown)
    if len(found) > SHOWN:
        out.print(f"the first {SHOWN} of {len(found):,} rows: --csv, --json and --parquet have all", highlight=False)
