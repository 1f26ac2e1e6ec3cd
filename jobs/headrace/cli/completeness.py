"""completeness."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rich.markup import escape

from headrace.cli.common import Context, Env, Json, clock, log, out, print_json, table
from headrace.upkeep import completeness as looks
from headrace.upkeep.completeness import Completeness, Seen

SHOWN = 20


def completeness(env: Env = "local", json: Json = False) -> None:
    """Find up to when all that was sent is stored, and which tags are silent.

    Both are kept, in historian.completeness and historian.last_seen. Complete through a time: each record that a topic
    had by then is in a table or in dead letters, and no source is later than its contract says.
    """
    context = Context(env)
    with log.status("reading what was stored since the last time"):
        found = looks.refresh(context.project, context.settings)
    if json:
        print_json(_plain(found))
    else:
        _show(found)


def _show(found: Completeness) -> None:
    columns = ("partition", "next offset", "lag", "last reading", "complete through")
    shown = table("job", "topic", *columns, numbers=columns[:3])
    for at in found.partitions:
        numbers = (str(at.src_partition), f"{at.next_offset:,}", f"{at.lag:,}")
        shown.add_row(at.job, at.src_topic, *numbers, clock(at.last_ts), clock(at.complete_through))
    out.print(shown)
    out.print(f"complete through {clock(found.through) or 'no time that can be told'}", highlight=False)
    silent, tags = found.silent, len(found.tags)
    out.print(f"silent: {len(silent):,} of {tags:,} tags", highlight=False)
    for each in silent[:SHOWN]:
        out.print(f"  {_silence(each)}", highlight=False, soft_wrap=True)
    if len(silent) > SHOWN:
        out.print(f"  and {len(silent) - SHOWN:,} more (--json lists them all)", highlight=False)


def _silence(tag: Seen) -> str:
    name = escape(tag.tag)
    if tag.last_ts is None:
        return f"{name}: never heard of"
    return f"{name}: since {clock(tag.last_ts)}; as a rule every {tag.usual}"


def _plain(found: Completeness) -> dict[str, Any]:
    silent = {each.tag for each in found.silent}
    return {
        "complete_through": found.through,
        "partitions": [asdict(each) for each in found.partitions],
        "tags": [{**asdict(each), "silent": each.tag in silent} for each in found.tags],
    }
