"""`headrace submit --into`: replay a span of time, and report its bounds, its progress and its end."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from headrace.cli import times
from headrace.cli.common import Context, log, out, print_json
from headrace.errors import UserError

if TYPE_CHECKING:
    from headrace.operations.replay import Replay, Replayed


def replay(
    context: Context,
    job: str,
    span: tuple[str | None, str | None],
    branch: str,
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
    with log.status("planning the job in Flink") as status:
        planned = replays.prepare(context.project, context.settings, job, (since, until), branch, slots=slots)
        status.update("making the branches")
        if not json:
            _begin(planned)
        done = replays.run(planned, lambda read: status.update(f"{job}: {read:,} of {planned.records:,} records read"))
    if json:
        print_json({"job": job, "branch": branch, "starts": planned.starts, "ends": planned.ends,
                    "notes": [*planned.notes, *planned.incomplete], **asdict(done)})  # fmt: skip
    else:
        _end(planned, done)


def _begin(planned: Replay) -> None:
    partitions = [(source, p) for source, ends in planned.ends.items() for p in ends]
    shown = ", ".join(
        f"{source}/{p} {planned.starts[source][p]:,} to {planned.ends[source][p]:,}" for source, p in partitions[:4]
    )
    more = f" and {len(partitions) - 4:,} partitions more" if len(partitions) > 4 else ""
    _print(
        f"{planned.job.name} is replayed into the branch {planned.branch}: {planned.records:,} records, {shown}{more}"
    )
    for note in (*planned.notes, *planned.incomplete):
        _print(f"  {note}")


def _end(planned: Replay, done: Replayed) -> None:
    _print(f"the replay has finished, as job {done.flink_job_id}")
    for each in done.branches:
        _print(f"  {each.rows:,} rows of {each.table}")
    namespace, _, table = planned.job.tables_written[0].partition(".")
    name = f'{namespace}."{table}@{planned.branch}"'
    _print(f"query    headrace query 'from {name}'")
    _print(f"compare  headrace query 'from {namespace}.{table} except from {name}'")
    _print(f"drop     headrace tables drop-branch {planned.branch}")


def _print(text: str) -> None:
    out.print(text, highlight=False, markup=False, soft_wrap=True)
