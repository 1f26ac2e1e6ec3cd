"""`headrace reconcile`: verify that no record was lost or stored twice."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headrace.cli.common import Context, Env, JobName, Json, log, out, print_json, table

if TYPE_CHECKING:
    from headrace.upkeep.reconcile import Balance

HOLDS = "The reconciliation holds: every record is stored, and stored once."
HOLDS_DELETED = "The reconciliation holds: every record was stored once; retention has deleted the rows of some since."
HOLDS_REST = "{lost:,} records are lost, see expired above. Every other record is stored, and stored once."
HOLDS_IN_PART = "The reconciliation holds for the records that can be read: each is stored, and stored once."


def reconcile(
    job: JobName,
    wait: Annotated[bool, typer.Option("--wait", help="First wait until the running job has caught up.")] = False,
    stalled: Annotated[float, typer.Option(help="With --wait: give up after this many seconds without a row.")] = 120,
    env: Env = "local",
    json: Json = False,
) -> None:
    """Verify that nothing was lost and nothing stored twice: end - first = good + dead + marks, each offset once.

    `marks` are messages that have no row by design, such as tombstones of a change stream.
    `end` is the end of what can be read: records behind an open transaction are reported separately.
    """
    from headrace.upkeep import reconcile as reconciliation

    context = Context(env)
    if wait:
        balances = _follow(context, job, stalled)
    else:
        balances = reconciliation.reconcile(context.project, context.settings, job)
    if json:
        print_json({"job": job, "holds": all(b.holds for b in balances), "partitions": [_plain(b) for b in balances]})
    else:
        show(balances)
    reconciliation.verdict(balances)
    if not json:
        for line in summary(balances):
            out.print(line, highlight=False, soft_wrap=True)


def summary(balances: list[Balance]) -> Iterable[str]:
    """Yield what holds for all partitions together, and what to do about what does not."""
    from headrace.environment import kafka

    if lost := sum(end - first for b in balances for first, end in b.expired):
        yield HOLDS_REST.format(lost=lost)
        yield "  fix have the topic's retention.ms be longer than its job is ever down"
    elif any(b.hidden for b in balances):
        yield HOLDS_IN_PART
    else:
        yield HOLDS_DELETED if any(b.deleted for b in balances) else HOLDS
    if any(b.hidden for b in balances):
        yield f"  fix {kafka.END_OF_TRANSACTION}, then run this again"


def _follow(context: Context, job: str, stalled_s: float) -> list[Balance]:
    """Call `reconcile.follow` with a progress bar, and return its balances."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from headrace.upkeep import reconcile as reconciliation

    columns = (TextColumn("stored"), BarColumn(), MofNCompleteColumn(), TextColumn("records"), TimeElapsedColumn())
    with Progress(*columns, console=log, transient=True) as bar:
        task = bar.add_task("stored", total=None)
        return reconciliation.follow(
            context.project,
            context.settings,
            job,
            stalled_s,
            lambda done, total: bar.update(task, completed=done, total=total),
        )


def show(balances: list[Balance]) -> None:
    """Print one table per topic with one row per partition, and below the tables what is wrong."""
    from itertools import groupby

    marks = ["marks"] if any(b.marks for b in balances) else []
    columns = ("partition", "first", "end", "records", "good", "dead", *marks, "missing", "repeated")
    for topic, group in groupby(balances, key=lambda b: b.topic):
        shown = table(*columns, title=topic, numbers=columns)
        own = list(group)
        rows = [(b.records, b.good, b.dead, *(b.marks for _ in marks), b.missing_count, b.repeated_count) for b in own]
        for b, values in zip(own, rows, strict=True):
            style = None if b.holds else "bold red"
            shown.add_row(str(b.partition), *(f"{v:,}" for v in (b.first, b.end, *values)), style=style)
        shown.add_section()
        shown.add_row("all", "", "", *(f"{sum(column):,}" for column in zip(*rows, strict=True)), style="bold")
        out.print(shown)
    for b in balances:
        for what, ranges in (("missing", b.missing), ("repeated", b.repeated)):
            for first, end in ranges[:20]:
                out.print(f"  {what}: {b.topic}/{b.partition} offsets {first:,} to {end - 1:,}", highlight=False)
            if len(ranges) > 20:
                out.print(f"  {what}: and {len(ranges) - 20:,} more ranges (--json lists them all)")
        for remark in _remarks(b):
            out.print(f"  {remark}", highlight=False, soft_wrap=True)


def _remarks(b: Balance) -> Iterable[str]:
    place = f"{b.topic}/{b.partition}"
    if b.expired:
        count = sum(end - first for first, end in b.expired)
        yield (
            f"expired: {place} lost {count:,} records to the topic's retention before they were read (offsets "
            f"{b.expired[0][0]:,} to {b.expired[-1][1] - 1:,})"
        )
    if b.deleted:
        yield (
            f"deleted by retention: {place}: {b.deleted_count:,} records were stored, and the retention of the tables "
            f"has deleted their rows since (offsets {b.deleted[0][0]:,} to {b.deleted[-1][1] - 1:,})"
        )
    if b.unreadable:
        yield f"unreadable: {place}: {b.unreadable}"
    if b.no_record:
        yield f"{place}: {b.no_record:,} offsets hold no record (markers, compaction)"


def _plain(b: Balance) -> dict[str, Any]:
    return {**asdict(b), "records": b.records, "holds": b.holds}
