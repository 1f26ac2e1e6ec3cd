"""`headrace maintain`: compact and sort the files of tables, and remove what nothing refers to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from headrace.cli.common import Context, Env, Json, TableNames, log, out, print_json, table

if TYPE_CHECKING:
    from headrace.upkeep.maintain import Report, Rewritten


def maintain(
    names: TableNames = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be done, without doing anything.")
    ] = False,
    env: Env = "local",
    json: Json = False,
) -> None:
    """Merge and sort the files of tables, expire old snapshots, and remove files that nothing refers to.

    It is safe while jobs, readers and other maintainers are at work, and can be interrupted at any point.
    """
    from headrace.upkeep import maintain as upkeep

    context = Context(env)
    with log.status("reading the tables") as status:
        project, known = context.project, context.settings
        reports = [*upkeep.maintain(project, known, names or None, dry_run=dry_run, progress=status.update)]
    if json:
        print_json([{**asdict(report), "dry_run": dry_run} for report in reports])
        return
    numbers = ("files", "MB", "to files", "to MB", "snapshots dropped", "files removed")
    shown = table("table", *numbers, numbers=numbers)
    for report in reports:
        shown.add_row(report.table, *_numbers(report, dry_run))
    out.print(shown)
    for report in reports:
        for line in (*_deletes(report, dry_run), *_rewritten(report.rewritten, dry_run), *report.notes):
            out.print(f"{report.table}: {line}", highlight=False, soft_wrap=True)


def _numbers(report: Report, dry_run: bool) -> Iterable[str]:
    yield f"{report.files_before:,}"
    yield _mb(report.bytes_before)
    yield "" if dry_run else f"{report.files_after:,}"
    yield "" if dry_run else _mb(report.bytes_after)
    yield f"{report.expired.snapshots:,}"
    # The files that only expired snapshots refer to are known only after the snapshots have expired.
    more = "" if report.expired.removed else "+"
    yield f"{report.orphans.files + (report.expired.removed.files if report.expired.removed else 0):,}{more}"


def _rewritten(parts: Iterable[Rewritten], dry_run: bool) -> Iterable[str]:
    for part in parts:
        before = f"{part.files_before:,} files of {_mb(part.bytes_before)} MB, {part.rows:,} rows"
        before += f", with {part.deletes:,} delete files" if part.deletes else ""
        rows = f", {part.rows_after:,} rows" if part.deletes else ""
        after = "" if dry_run else f", now {part.files_after:,} of {_mb(part.bytes_after or 0)} MB{rows}"
        kind = "sorted" if part.closed else "merged"
        yield f"{part.partition} {'to be ' if dry_run else ''}{kind}: {before}{after}"


def _deletes(report: Report, dry_run: bool) -> Iterable[str]:
    if report.deletes_before:
        left = "" if dry_run else f", now {report.deletes_after:,}"
        yield f"{report.deletes_before:,} delete files{left}"


def _mb(size: int) -> str:
    return f"{size / 1e6:,.1f}"
