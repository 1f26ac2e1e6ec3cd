"""What `headrace source` prints: contracts as YAML, and how much of a sample they decode."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from headrace.cli.common import out, table

if TYPE_CHECKING:
    from headrace.authoring.sources.decoding import Tally

_ROWS = 5


def as_yaml(content: dict[str, Any]) -> str:
    """Return the keys of a contract as YAML, the parts of fields, time and quality in one line each if they fit."""
    from headrace.authoring.sources.contract_file import entry

    return "".join(f"{line}\n" for pair in content.items() for line in entry(dict([pair])))


def print_yaml(text: str) -> None:
    """Print YAML in colour on a terminal."""
    from rich.syntax import Syntax

    if out.is_terminal:
        out.print(Syntax(text.rstrip("\n"), "yaml", background_color="default", word_wrap=True))
    else:
        out.print(text, end="", markup=False, highlight=False, soft_wrap=True)


def as_json(tally: Tally) -> dict[str, Any]:
    """Return the tally as one JSON object."""
    return {
        "messages": tally.messages,
        "readings": tally.readings,
        "good": tally.good,
        "share": tally.share,
        "codes": dict(tally.codes.most_common()),
        "examples": {code: [asdict(each) for each in found] for code, found in tally.examples.items()},
        "rows": tally.rows,
    }


def print_tally(tally: Tally) -> None:
    """Print how many readings decode, the first of them, and each code with examples."""
    from rich.markup import escape

    out.print(summary(tally), highlight=False, soft_wrap=True)
    if tally.rows:
        out.print()
        _print_rows(tally.rows[:_ROWS])
    for code, count in tally.codes.most_common():
        out.print(f"\n[bold red]{code}[/] {count:,}", highlight=False)
        for example in tally.examples[code]:
            out.print(
                f"  {escape(example.place)} row {example.index}: {escape(example.message)}",
                highlight=False,
                soft_wrap=True,
            )


def summary(tally: Tally) -> str:
    """Return how much of the sample decodes, as one line."""
    noun = "message" if tally.messages == 1 else "messages"
    rows = "reading" if tally.readings == 1 else "readings"
    share = f"{tally.share:.1%}" if tally.readings and tally.good else "none"
    share = "all" if tally.good == tally.readings else share
    return f"{tally.messages:,} {noun}, {tally.readings:,} {rows}; {tally.good:,} of them decode ({share})"


def _print_rows(rows: list[dict[str, Any]]) -> None:
    from rich.markup import escape

    from headrace_udfs.types import QUALITY

    columns = [name for name in rows[0] if any(row[name] is not None for row in rows)]
    numbers = [n for n in columns if n != QUALITY and all(isinstance(row[n], int | float | None) for row in rows)]
    shown = table(*columns, numbers=numbers)
    for row in rows:
        shown.add_row(*("" if row[name] is None else escape(_cell(name, row[name])) for name in columns))
    out.print(shown)


def _cell(column: str, value: Any) -> str:
    from datetime import datetime

    from headrace.cli import quality
    from headrace_udfs.types import QUALITY

    if column == QUALITY:
        return quality.in_words(value)
    return (
        value.isoformat(timespec="milliseconds").replace("+00:00", "Z") if isinstance(value, datetime) else str(value)
    )
