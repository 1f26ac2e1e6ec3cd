"""The next incarnation of a job, planned from these files or from a kept release, and its submission."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from uuid import uuid4

from headrace.operations import submission
from headrace.operations.ledger import Entry
from headrace.operations.lifecycle import release_process, retention_loss, rollback_floor
from headrace.operations.lifecycle.fingerprint import fingerprint
from headrace.operations.lifecycle.operation_context import OperationContext
from headrace.operations.lifecycle.table_ownership import refuse_beside_running, refuse_taken
from headrace.operations.submission import Prepared
from headrace.planner.state.stored_plan import StoredPlan
from headrace.planner.state.verdict import Verdict, verdict

GOOD = frozenset({"running", "rolled back"})
"""The steps of an incarnation that has proved itself."""


@dataclass(frozen=True)
class Successor:
    """A planned incarnation of the current files: its ledger entry, and the verdict on the state that it continues."""

    entry: Entry
    prepared: Prepared
    verdict: Verdict | None


def successor(
    context: OperationContext,
    name: str,
    before: Entry | None,
    parallelism: int | None = None,
    *,
    goes_on: bool | None = None,
    restored: Collection[str] | None = None,
    bounded: bool = False,
) -> Successor:
    """Plan the incarnation that follows `before`, from the project's files; nothing is started.

    `goes_on`: it continues from a savepoint, by default if there is a `before`. `restored`: the topics that this
    savepoint knows, if the ledger does not know the savepoint. `bounded`: it stops reading at the current end of its
    topics.

    Raises as submission.prepare does: UserError for what its author or operator must fix.
    """
    slots = parallelism or context.settings.slots_of(name)
    old_plan = plan_of(before)
    prepared = submission.prepare(
        context.project,
        context.settings,
        name,
        bounded=bounded,
        parallelism=slots,
        goes_on=before is not None if goes_on is None else goes_on,
        before=old_plan,
        restored=restored,
        progress=context.progress_of(name),
    )
    job = prepared.planned.composition.folder.job
    judgement = verdict(old_plan, prepared.plan, keeps_every_record=job.keeps_every_record) if old_plan else None
    text = prepared.plan.to_text()
    entry = Entry(
        deployment=context.deployment,
        job=name,
        version=job.version,
        step="submitting",
        flink_job_id=uuid4().hex,
        release=context.release,
        fingerprint=fingerprint(context.project, context.settings, name),
        parallelism=slots,
        cluster=context.cluster.rest,
        deployer="",
        git_commit=context.git_commit,
        plan=text,
        plan_hash=hashlib.sha256(text.encode()).hexdigest(),
        verdict=str(judgement) if judgement else None,
    )
    return Successor(entry, prepared, judgement)


def warned(context: OperationContext, successor: Successor, history: Sequence[Entry], *, stateless: bool) -> Successor:
    """Return the successor, with a message about what it loses, and if the incarnation before it could not run again.

    What retention has deleted is lost to a successor without state; one with state fails to start instead.
    """
    folder = successor.prepared.planned.composition.folder
    warnings = [
        retention_loss.warning(context, folder) if stateless else None,
        rollback_floor.without_way_back(context, last_good(history)),
    ]
    message = "; ".join(filter(None, warnings))
    return replace(successor, entry=replace(successor.entry, message=message or None))


def resubmission(context: OperationContext, entry: Entry, savepoint: str | None, why: str) -> Entry:
    """Return the entry of another incarnation of the same release."""
    return replace(
        entry,
        step="submitting",
        flink_job_id=uuid4().hex,
        savepoint=savepoint,
        verdict=str(Verdict("compatible", ("the same plan",))) if savepoint else None,
        message=why,
        cluster=context.cluster.rest,
    )


def checked(context: OperationContext, entry: Entry) -> Prepared | None:
    """Check and plan, before anything stops, another incarnation of the entry's release that continues from a state.

    Return the plan; None for an older release, which plans the job again when it is started.

    Raises UserError for what prevents the release from running with today's settings, tables and topics, and if another
    job that runs appends to one of its tables. Raises PlatformError as rollback_floor.refuse_unreadable does.
    """
    if entry.release != context.release:
        refuse_taken(context, entry.job, rollback_floor.refuse_unreadable(context, entry))
        return None
    refuse_beside_running(context, entry.job)
    return _prepared(context, entry, goes_on=True)


def launch(context: OperationContext, entry: Entry, prepared: Prepared | None = None) -> None:
    """Submit the incarnation and wait until it runs. An older release runs without settings that it does not know.

    Raises as submission.launch does, and UserError if its release cannot run with today's settings or tables.
    """
    if entry.release != context.release:
        rollback_floor.refuse_unstartable(context, entry)
        release_process.launch(context, entry)
        return
    prepared = prepared or _prepared(context, entry, goes_on=entry.savepoint is not None)
    submission.launch(prepared, entry.flink_job_id, entry.savepoint, context.progress_of(entry.job))


def _prepared(context: OperationContext, entry: Entry, *, goes_on: bool) -> Prepared:
    """Return the plan of the entry's job in the project's files; its tables may have got columns since."""
    return submission.prepare(
        context.project,
        context.settings,
        entry.job,
        parallelism=entry.parallelism,
        goes_on=goes_on,
        before=plan_of(entry),
        tables_may_differ=True,
        progress=context.progress_of(entry.job),
    )


def plan_of(entry: Entry | None) -> StoredPlan | None:
    """Return the plan of the entry's incarnation; None if the ledger has none."""
    return StoredPlan.from_text(entry.plan) if entry and entry.plan else None


def last_good(history: Sequence[Entry], but: str | None = None) -> Entry | None:
    """Return the entry of the last incarnation that ran, other than the one with the Flink id `but`."""
    return next((e for e in reversed(history) if e.step in GOOD and e.flink_job_id != but), None)
