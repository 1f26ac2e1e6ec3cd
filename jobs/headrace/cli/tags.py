"""`headrace tags`: import and list the plant's tags."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from headrace.cli import completion
from headrace.cli.common import Context, Env, Json, out, print_json, table

app = typer.Typer(help="The list of tags, historian.tags: units, limits, ranges and places.", no_args_is_help=True)

_SHOWN = {
    "tag": "tag",
    "asset": "asset",
    "unit": "unit",
    "low": "low_limit",
    "high": "high_limit",
    "lowest": "range_low",
    "highest": "range_high",
    "interpolation": "interpolation",
}
"""Heading of the printed table to column of historian.tags."""


@app.command(name="import")
def import_(
    file: Annotated[
        Path, typer.Argument(metavar="FILE.csv", help="CSV file; its first line names columns of historian.tags.")
    ],
    env: Env = "local",
    json: Json = False,
) -> None:
    """Import a plant's list of tags. Columns that the file does not have keep their values."""
    from headrace.historian.tags import tag_file, tags

    done = tags.import_tags(Context(env).settings, tag_file.read(file))
    if json:
        print_json({"added": done.added, "updated": done.updated})
    else:
        out.print(f"tags: {done.added:,} added, {done.updated:,} updated", highlight=False)


@app.command(name="list")
def list_(
    tag: Annotated[
        str, typer.Argument(metavar="TAG", help="A name or a wildcard: 'R80711.*'.", autocompletion=completion.tags)
    ] = "*",
    env: Env = "local",
    json: Json = False,
) -> None:
    """List tags with their units, limits, ranges and places, also those that report without being listed."""
    import headrace

    rows = headrace.open(env).tags(tag).to_pylist()
    if json:
        print_json(rows)
        return
    shown = table(*_SHOWN, numbers=("low", "high", "lowest", "highest"))
    for row in rows:
        shown.add_row(*(_cell(row[name]) for name in _SHOWN.values()))
    out.print(shown)
    out.print(f"{len(rows):,} tags", highlight=False)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
