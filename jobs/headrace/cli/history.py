"""`headrace history`: query readings, aggregates and states of tags over time, and their values at a time."""

from __future__ import annotations

import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headrace.cli import cells, completion, quality, silent_tags
from headrace.cli.common import Context, Env, Json, cannot_write, log, out, print_json_list, refuse_together, table
from headrace.errors import UserError

if TYPE_CHECKING:
    import pyarrow as pa

SHOWN = 100
_ASK = "What to ask"
_PRINT = "How to answer"


def history(
    tags: Annotated[
        list[str],
        typer.Argument(metavar="TAG", help="Names or wildcards: 'R80711.*'.", autocompletion=completion.tags),
    ],
    last: Annotated[str | None, typer.Option(metavar="8h", help="Time span ending now.", rich_help_panel=_ASK)] = None,
    span: Annotated[
        str | None,
        typer.Option(
            "--range",
            metavar="A..B",
            help="Time span like 2026-03-01..2026-03-02T06:00, or one day.",
            rich_help_panel=_ASK,
        ),
    ] = None,
    at: Annotated[
        list[str] | None,
        typer.Option(metavar="TIME", help="Time to show the value at, interpolated; repeatable.", rich_help_panel=_ASK),
    ] = None,
    aggregate: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="OPC UA aggregate, like TimeAverage2; repeatable.",
            rich_help_panel=_ASK,
            autocompletion=completion.aggregates,
        ),
    ] = None,
    every: Annotated[str | None, typer.Option(metavar="15m", help="Interval length.", rich_help_panel=_ASK)] = None,
    states: Annotated[
        bool, typer.Option("--states", help="Show time spent in each state.", rich_help_panel=_ASK)
    ] = False,
    zone: Annotated[str, typer.Option(help="Time zone for days and clock times.", rich_help_panel=_ASK)] = "UTC",
    uncertain_is_good: Annotated[
        bool, typer.Option("--uncertain-is-good", help="Use uncertain readings too.", rich_help_panel=_ASK)
    ] = False,
    raw: Annotated[
        bool, typer.Option("--raw", help="Print qualities as StatusCodes, not in words.", rich_help_panel=_PRINT)
    ] = False,
    plot: Annotated[bool, typer.Option("--plot", help="Draw a trend in the terminal.", rich_help_panel=_PRINT)] = False,
    png: Annotated[Path | None, typer.Option(help="Draw a trend into a PNG file.", rich_help_panel=_PRINT)] = None,
    parquet: Annotated[Path | None, typer.Option(help="Write a Parquet file.", rich_help_panel=_PRINT)] = None,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print CSV instead of a table.", rich_help_panel=_PRINT)
    ] = False,
    json: Json = False,
    explain: Annotated[
        bool,
        typer.Option("--explain", help="Report on stderr which files were read.", rich_help_panel=_PRINT),
    ] = False,
    env: Env = "local",
) -> None:
    """Query readings, their aggregates or states over time, or values at a time; without any, the last reading.

    A table shows times in UTC and qualities in words; JSON, CSV and Parquet hold StatusCodes. The last reading is at
    most 32 days old. For a tag without a reading, a note shows when the nearest ones were.
    """
    from headrace.historian import Configuration, Historian
    from headrace.historian.series import time_range
    from headrace.historian.series.intervals import zone as zone_named

    refuse_together(json=json, csv=as_csv, plot=plot, png=png is not None, parquet=parquet is not None)
    refuse_together(aggregate=bool(aggregate), states=states)
    refuse_together(last=last is not None, range=span is not None, at=bool(at))
    intervals, usable = {"--every": every is not None}, {"--uncertain-is-good": uncertain_is_good and not at}
    of_spans = {"--aggregate": bool(aggregate), "--states": states, "--plot": plot, "--png": png is not None}
    has_span, of_results = bool(last or span), intervals | usable
    _refuse_unused({} if has_span else of_results | of_spans, "a time span", "add --last 8h or --range 2026-03-01")
    _refuse_unused({} if aggregate or states else of_results, "--aggregate or --states", "add one of them")
    now = datetime.now(UTC)
    times = time_range.span(last, span, zone_named(zone), now)
    moments = [time_range.moment(each, zone_named(zone), now) for each in at or []]
    historian = Historian.open(Context(env).settings)
    configuration = Configuration(treat_uncertain_as_bad=not uncertain_is_good)
    if moments:
        answer = historian.at(tags, moments, configuration=configuration)
    elif times is None:
        answer = historian.last(tags, now)
    elif states:
        answer = historian.states(tags, *times, every, zone=zone, configuration=configuration)
    elif aggregate:
        answer = historian.aggregate(tags, *times, every, aggregate, zone=zone, configuration=configuration)
    elif plot or png:
        answer = historian.plot(tags, *times)
    else:
        answer = (historian.stream if json or as_csv or parquet else historian.raw)(tags, *times)
    if parquet:
        _write_parquet(answer, parquet)
    elif json or as_csv:
        _print_all(answer, json=json)
    else:
        period = "around this time" if moments else "in this time" if times else "in the last 32 days"
        asked = (min(moments), max(moments)) if moments else times or (now, now)
        silent_tags.report(historian, tags, answer, asked, period, zone_named(zone))
        _draw(answer, png) if plot or png else _print_table(answer, raw=raw)
    if explain:
        log.print(historian.explain(), highlight=False)


def _refuse_unused(options: dict[str, bool], requirement: str, fix: str) -> None:
    """Raise UserError if one of `options` is given: without the requirement it would change nothing."""
    if given := sorted(name for name, is_given in options.items() if is_given):
        verb = "needs" if len(given) == 1 else "need"
        raise UserError(f"{' and '.join(given)} {verb} {requirement}", fix=fix)


def _draw(answer: pa.Table, png: Path | None) -> None:
    from headrace.historian.trends import drawing

    if png:
        drawing.to_png(answer, png)
        out.print(f"{png}: {len(answer):,} rows", highlight=False)
    else:
        from rich.text import Text

        out.print(Text.from_ansi(drawing.in_terminal(answer, out.width)))


def _print_all(answer: pa.Table | pa.RecordBatchReader, *, json: bool) -> None:
    """Print an answer as JSON or CSV. Only a part of a stream is in memory at a time."""
    import pyarrow.csv

    batches = _batches(answer)
    if json:
        print_json_list(row for batch in batches for row in batch.to_pylist())
        return
    with pyarrow.csv.CSVWriter(sys.stdout.buffer, batches.schema) as csv:
        for batch in batches:
            csv.write_batch(batch)


def _write_parquet(answer: pa.Table | pa.RecordBatchReader, parquet: Path) -> None:
    import pyarrow.parquet

    batches = _batches(answer)
    # Written under another name until it is complete, so that no reader takes half a file for the whole.
    unfinished = parquet.with_name(f"{parquet.name}.part")
    try:
        with pyarrow.parquet.ParquetWriter(unfinished, batches.schema) as writer:
            rows = sum(writer.write_batch(batch) or len(batch) for batch in batches)
        unfinished.replace(parquet)
    except OSError as error:
        raise cannot_write(parquet, error) from None
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
    out.print(f"{parquet}: {rows:,} rows", highlight=False)


def _batches(answer: pa.Table | pa.RecordBatchReader) -> pa.RecordBatchReader:
    import pyarrow as pa

    return answer if isinstance(answer, pa.RecordBatchReader) else answer.to_reader()


def _print_table(answer: pa.Table, *, raw: bool) -> None:
    import pyarrow as pa
    from rich.markup import escape

    answer = _named_by_aggregate(answer)
    if {"interval", "ts"} <= {*answer.column_names} and answer["interval"].equals(answer["ts"]):
        answer = answer.drop_columns("interval")
    words = {"quality"} if not raw else set()
    numbers = {
        field.name
        for field in answer.schema
        if field.name not in words and (pa.types.is_floating(field.type) or pa.types.is_integer(field.type))
    }
    shown = table(*answer.column_names, numbers=numbers, prose=["text"])
    for row in answer.slice(0, SHOWN).to_pylist():
        shown.add_row(*(escape(_cell(value, in_words=name in words)) for name, value in row.items()))
    out.print(shown)
    if len(answer) > SHOWN:
        out.print(f"the first {SHOWN} of {len(answer):,} rows: --csv, --json and --parquet have all", highlight=False)


def _named_by_aggregate(answer: pa.Table) -> pa.Table:
    """Return the answer with its values in a column that is named as their aggregate, if they have only one."""
    names = answer["aggregate"].unique().to_pylist() if "aggregate" in answer.column_names else []
    if len(names) != 1:
        return answer
    answer = answer.drop_columns("aggregate")
    return answer.rename_columns([names[0] if name == "value" else name for name in answer.column_names])


def _cell(value: Any, *, in_words: bool) -> str:
    return quality.in_words(value) if in_words and value is not None else cells.shown(value)
