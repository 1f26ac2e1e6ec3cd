"""The result of a run, for the terminal and as a page in results/."""

from __future__ import annotations

import re

from rich.console import Console
from rich.table import Table

from bench import kept
from gallery.run import Result


def show(result: Result, console: Console) -> None:
    """Print the result: what was stored, what it cost, and each verdict."""
    console.print(f"[bold]{result.job}[/]: {_stored(result)}")
    console.print(f"{_cost(result)}")
    table = Table("", "found", "wanted", "", box=None, header_style="dim")
    for each in result.verdicts:
        mark = "[green]holds[/]" if each.holds else "[bold red]FAILS[/]"
        table.add_row(each.what, each.figure, each.wanted, mark)
    console.print(table)


def page(result: Result) -> str:
    """Return the result as Markdown."""
    rows = [
        f"| {each.what} | {each.figure} | {each.wanted} | {'holds' if each.holds else '**fails**'} |"
        for each in result.verdicts
    ]
    return "\n".join(
        [
            f"# {result.job}",
            "",
            f"{kept.now()}, {kept.machine()}: `just gallery {result.name}`.",
            "",
            f"{_stored(result)} {_cost(result)}",
            "",
            "| judged | found | wanted | |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


def cited(page: str, result: Result) -> str:
    """Return docs/gallery.md with the cost of this result in the section of its job."""
    heading = rf"^## {re.escape(result.job)}$"
    line = rf"({heading}(?:(?!^## ).)*?^- \*\*Cost\*\*: )[^\n]*"
    return re.sub(line, lambda found: found[1] + _short_cost(result), page, count=1, flags=re.MULTILINE | re.DOTALL)


def _short_cost(result: Result) -> str:
    return f"{result.cpu_per_million:,.0f} CPU-seconds per million records, and {result.start_cpu_s:.0f} for the start"


def _stored(result: Result) -> str:
    tables = ", ".join(f"{number:,} in {name}" for name, number in result.rows.items())
    return f"{result.records:,} records became rows: {tables or 'none'}."


def _cost(result: Result) -> str:
    cost = result.cpu_per_million
    rate = f", or {1e6 / cost:,.0f} records per second and core" if cost else ""
    return (
        f"{cost:.0f} CPU-seconds per million records{rate}; "
        f"the start of the job costs {result.start_cpu_s:.0f} CPU-seconds more."
    )
