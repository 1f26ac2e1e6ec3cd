"""`headrace submit --into`: replay a span of time, and report its bounds, its progress and its end."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from headrace.cli import times
from headrace.cli.common import Context, log, out, print_json
from headrace.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from headrace.operations.replay import Branch, Replay, Replayed
    from headrace.operations.replay.targets import Targets

_SHOWN = 4
"""Partitions whose offsets are shown."""


def replay(
    context: Context,
    job: str,
    span: tuple[str | None, str | None],
    into: Sequence[str],
    slots: int | None,
    *,
    json: bool,
) -> None:
    """Replay the job from the first to before the second time of `span`, to the present end without a second."""
    from headrace.operations import replay as replays

    since, until = times.instant(span[0], "--from"), times.instant(span[1], "--until")
    if since is None:
        raise UserError("a replay needs a time to begin at", fix="add --from 2026-01-31T08:00:00Z")
    if until is not None and since >= until:
        raise UserError(
            f"--from {since.isoformat()} is not before --until {until.isoformat()}",
            fix="write an earlier --from, or a later --until",
        )
    with log.status("looking for the records of the span") as status:
        found = replays.prepare(context.project, context.settings, job, (since, until), *into, slots=slots)
        if not json:
            _begin(found)
        done = replays.run(
            found, lambda read: status.update(f"{job}: {read:,} of {found.records:,} records read"), status.update
        )
    if json:
        edges = {edge: {name: getattr(each, edge) for name, each in found.spans.items()} for edge in ("starts", "ends")}
        print_json({"job": job, "branch": found.places.targets.branch, "tables": found.places.targets.others, **edges,
                    "notes": found.notes, **asdict(done)})  # fmt: skip
    else:
        _end(found, done)


def _begin(found: Replay) -> None:
    shown = [
        f"{source}/{partition} {span.starts[partition]:,} to {end:,}"
        for source, span in found.spans.items()
        for partition, end in span.ends.items()
    ]
    more = f" and {len(shown) - _SHOWN:,} partitions more" if len(shown) > _SHOWN else ""
    span = f"{found.records:,} records, {', '.join(shown[:_SHOWN])}{more}"
    _print(f"{found.job.name} is replayed into {found.places.targets.shown}: {span}")
    for note in found.notes:
        _print(f"  {note}")


def _end(found: Replay, done: Replayed) -> None:
    from headrace.project.system_tables import INGESTED_AT

    _print(f"the replay has finished, as job {done.flink_job_id}")
    show_written(done.branches)
    own = found.job.tables_written[0]
    # What a job has received, it receives again later.
    show_next(found.places.targets, own, INGESTED_AT if INGESTED_AT in found.composition.sinks[own].columns else "")


def show_written(written: Iterable[Branch]) -> None:
    """Print the rows of each branch or table."""
    for each in written:
        _print(f"  {each.rows:,} rows of {each.shown}")


def show_next(targets: Targets, own: str, without: str) -> None:
    """Print how to query, compare and drop what was written instead of the table `own`.

    without: a column that differs in any case, "" for none.
    """
    from headrace.operations.replay.branches import shown

    name, others = targets.others.get(own) or shown(own, targets.branch), " ".join(targets.others.values())
    what = f"select * exclude ({without}) " if without else ""
    _print(f"query    headrace query 'from {name}'")
    _print(f"compare  headrace query '{what}from {name} except {what}from {own}'")
    _print(f"drop     headrace tables {f'drop {others}' if others else f'drop-branch {targets.branch}'}")


def _print(text: str) -> None:
    out.print(text, highlight=False, markup=False, soft_wrap=True)
