"""`headrace completeness`: show how far the stored data is complete, and which tags are silent."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headrace.cli import times
from headrace.cli.common import Context, Env, Json, clock, log, out, print_json, table
from headrace.errors import CheckFailed

if TYPE_CHECKING:
    from headrace.upkeep.completeness import Completeness, Seen

SHOWN = 20


def completeness(
    within: Annotated[
        str | None,
        typer.Option(
            "--within",
            metavar="LENGTH",
            help="Exit with 1 if a job is further behind than this, such as 15m; lateness does not count.",
            show_default=False,
        ),
    ] = None,
    env: Env = "local",
    json: Json = False,
) -> None:
    """Show how far the stored data is complete, and which tags are silent.

    Data is complete through a time if every record that a topic had by then is in a table or in dead letters, and no
    source is later than its contract says. What waits behind an open transaction counts as lag, and is reported. The
    results are kept in historian.completeness and historian.last_seen.
    """
    from headrace.upkeep.completeness import overdue, refresh

    limit = times.length(within, "--within")
    context = Context(env)
    with log.status("reading what was stored since the last time"):
        result = refresh(context.project, context.settings)
    if json:
        print_json(_plain(result))
    else:
        _show(result)
    if limit is not None and (late := overdue(context.project, context.settings, result.partitions, limit)):
        raise CheckFailed(late)


def _show(result: Completeness) -> None:
    from rich.markup import escape

    from headrace.environment import kafka

    columns = ("partition", "next offset", "lag", "last reading", "complete through")
    shown = table("job", "topic", *columns, numbers=columns[:3])
    for at in result.partitions:
        numbers = (str(at.src_partition), f"{at.next_offset:,}", f"{at.lag:,}")
        shown.add_row(at.job, at.src_topic, *numbers, clock(at.last_ts), clock(at.complete_through))
    out.print(shown)
    for at in result.partitions:
        if at.held_by:
            out.print(f"  {at.src_topic}/{at.src_partition}: {escape(at.held_by)}", highlight=False, soft_wrap=True)
    for job in dict.fromkeys(at.job for at in result.partitions if at.held_by and not at.hidden):
        out.print(f"  fix headrace reconcile {job} shows what to do about it", highlight=False, soft_wrap=True)
    if any(at.hidden for at in result.partitions):
        out.print(f"  fix {kafka.END_OF_TRANSACTION}", highlight=False, soft_wrap=True)
    through = clock(result.through)
    out.print(f"complete through {through}" if through else "complete through: unknown", highlight=False)
    silent, tags = result.silent, len(result.tags)
    out.print(f"silent: {len(silent):,} of {tags:,} tags", highlight=False)
    for tag in silent[:SHOWN]:
        out.print(f"  {_silence(tag)}", highlight=False, soft_wrap=True)
    if len(silent) > SHOWN:
        out.print(f"  and {len(silent) - SHOWN:,} more (--json lists them all)", highlight=False)


def _silence(tag: Seen) -> str:
    from rich.markup import escape

    name = escape(tag.tag)
    if tag.last_ts is None:
        return f"{name}: no reading so far"
    return f"{name}: since {clock(tag.last_ts)}; usual interval {tag.usual}"


def _plain(result: Completeness) -> dict[str, Any]:
    silent = {tag.tag for tag in result.silent}
    return {
        "complete_through": result.through,
        "partitions": [asdict(at) for at in result.partitions],
        "tags": [{**asdict(tag), "silent": tag.tag in silent} for tag in result.tags],
    }
