"""`headrace maintain`: compact and sort the files of tables, and remove what nothing refers to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from headrace.cli.common import Context, Env, Json, TableNames, log, out, print_json, table
from headrace.errors import PlatformError, Problem

if TYPE_CHECKING:
    from headrace.upkeep import retention
    from headrace.upkeep.maintain import Report, Rewritten

Reported = TypeVar("Reported")


def maintain(
    names: TableNames = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be done, without doing anything.")
    ] = False,
    retention: Annotated[
        bool, typer.Option("--retention", help="First delete the rows that are older than retention: of their table.")
    ] = False,
    env: Env = "local",
    json: Json = False,
) -> None:
    """Merge and sort the files of tables, expire old snapshots, and remove files that nothing refers to.

    No row is deleted without --retention; with --dry-run, it shows the rows that would go by class of tags and day.

    It is safe while jobs, readers and other maintainers are at work, and can be interrupted at any point.
    """
    from headrace.upkeep import maintain as upkeep
    from headrace.upkeep import retention as rows

    context = Context(env)
    deleted: list[rows.Report] = []
    reports: list[Report] = []
    with log.status("reading the tables") as status:
        arguments = (context.project, context.settings, names or None)
        failures: list[Problem] = []
        if retention:
            failures += _until_failure(rows.apply(*arguments, dry_run=dry_run, progress=status.update), deleted)
        failures += _until_failure(upkeep.maintain(*arguments, dry_run=dry_run, progress=status.update), reports)
    if json and (reports or not failures):
        of = {each.table: asdict(each) for each in deleted}
        print_json([{**asdict(each), "retention": of.get(each.table), "dry_run": dry_run} for each in reports])
    elif deleted or reports or not failures:
        show_deleted(deleted, dry_run)
        _show(reports, dry_run)
    if failures:
        raise PlatformError(failures)


def _until_failure(reports: Iterator[Reported], into: list[Reported]) -> Sequence[Problem]:
    """Add the reports to `into`, and return the failures that end them, so that those before are shown, too."""
    try:
        for report in reports:
            into.append(report)  # noqa: PERF402 - extend would add none of them
    except PlatformError as failure:
        return failure.problems
    return ()


def show_deleted(reports: Iterable[retention.Report], dry_run: bool) -> None:
    """Print which rows were deleted or, in a dry run, would be: by table, class of tags, and part of the time."""
    numbers = ("rows", "MB", "files", "of these whole")
    title = "rows to delete" if dry_run else "deleted rows"
    shown = table("table", "tags", "of", *numbers, numbers=numbers, title=title)
    for report in reports:
        for each in report.deleted:
            counts = (f"{each.rows:,}", _mb(each.bytes), f"{each.files:,}", f"{each.whole_files:,}")
            shown.add_row(report.table, each.tags, each.partition, *counts)
    if shown.row_count:
        out.print(shown)
    for report in reports:
        for note in report.notes:
            out.print(f"{report.table}: {note}", highlight=False, soft_wrap=True)


def _show(reports: Sequence[Report], dry_run: bool) -> None:
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
