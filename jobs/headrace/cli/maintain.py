"""maintain."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Annotated

import typer

from headrace.cli.common import Context, Env, Json, log, out, print_json
from headrace.cli.common import table as empty_table
from headrace.cli.tables import TableNames
from headrace.upkeep import maintain as upkeep
from headrace.upkeep.maintain import Report, Rewritten


def maintain(
    names: TableNames = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and do nothing.")] = False,
    env: Env = "local",
    json: Json = False,
) -> None:
    """Merge and sort the files of tables, drop old snapshots, remove files that nothing refers to.

    Jobs, readers and other maintainers may be at work meanwhile, and it may be ended at any point.
    """
    context = Context(env)
    with log.status("looking at the tables") as status:
        project, known = context.project, context.settings
        reports = [*upkeep.maintain(project, known, names or None, dry_run=dry_run, progress=status.update)]
    if json:
        print_json([{**asdict(each), "dry_run": dry_run} for each in reports])
        return
    numbers = ("files", "MB", "to files", "to MB", "snapshots dropped", "files removed")
    shown = empty_table("table", *numbers, numbers=numbers)
    for each in reports:
        shown.add_row(each.table, *_numbers(each, dry_run))
    out.print(shown)
    for each in reports:
        for line in (*_rewritten(each.rewritten, dry_run), *each.notes):
            out.print(f"{each.table}: {line}", highlight=False, soft_wrap=True)


def _numbers(report: Report, dry_run: bool) -> Iterable[str]:
    yield f"{report.files_before:,}"
    yield _mb(report.bytes_before)
    yield "" if dry_run else f"{report.files_after:,}"
    yield "" if dry_run else _mb(report.bytes_after)
    yield f"{report.expired.snapshots:,}"
    # What dropped snapshots leave behind shows once they are dropped.
    more = "" if report.expired.removed else "+"
    yield f"{report.orphans.files + (report.expired.removed.files if report.expired.removed else 0):,}{more}"


def _rewritten(done: Iterable[Rewritten], dry_run: bool) -> Iterable[str]:
    for each in done:
        before = f"{each.files_before:,} files of {_mb(each.bytes_before)} MB, {each.rows:,} rows"
        after = "" if dry_run else f", now {each.files_after:,} of {_mb(each.bytes_after or 0)} MB"
        kind = "sorted" if each.closed else "merged"
        yield f"{each.partition} {'to be ' if dry_run else ''}{kind}: {before}{after}"


def _mb(size: int) -> str:
    return f"{size / 1e6:,.1f}"
