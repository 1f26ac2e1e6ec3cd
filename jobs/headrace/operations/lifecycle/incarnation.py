"""The next incarnation of a job: what it is to be run from, and its submission, from these files or a kept release."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import uuid4

from headrace.operations import submission
from headrace.operations.ledger import Entry
from headrace.operations.lifecycle import release_process
from headrace.operations.lifecycle.fingerprint import fingerprint
from headrace.operations.lifecycle.operation_context import OperationContext
from headrace.operations.submission import Prepared
from headrace.planner.state.stored_plan import StoredPlan
from headrace.planner.state.verdict import Verdict, verdict

GOOD = frozenset({"running", "rolled back"})


@dataclass(frozen=True)
class Next:
    """A job as its files say, compiled: the entry to submit it by, and what becomes of the state there is, if any."""

    entry: Entry
    prepared: Prepared
    verdict: Verdict | None


def following(
    context: OperationContext,
    name: str,
    before: Entry | None,
    parallelism: int | None = None,
    *,
    goes_on: bool | None = None,
) -> Next:
    """The incarnation of the project's files to come after `before`; nothing is started.

    `goes_on`: it is to go on from a savepoint, by default one of `before`.

    Raises as submit.prepare does: UserError for what its author or operator must mend.
    """
    slots = parallelism or context.settings.slots_of(name)
    plan = plan_of(before)
    goes_on = before is not None if goes_on is None else goes_on
    prepared = submission.prepare(
        context.project, context.settings, name, parallelism=slots, goes_on=goes_on, before=plan, progress=context.progress
    )
    told = verdict(plan, prepared.plan) if plan else None
    text = prepared.plan.to_text()
    entry = Entry(
        deployment=context.deployment,
        job=name,
        version=prepared.planned.composition.folder.job.version,
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
        verdict=str(told) if told else None,
    )
    return Next(entry, prepared, told)


def again(context: OperationContext, entry: Entry, savepoint: str | None, why: str) -> Entry:
    """The entry to submit another incarnation of the same release by."""
    return replace(
        entry,
        step="submitting",
        flink_job_id=uuid4().hex,
        savepoint=savepoint,
        verdict=str(Verdict("compatible", ("the same plan",))) if savepoint else None,
        message=why,
        cluster=context.cluster.rest,
    )


def launch(context: OperationContext, entry: Entry, prepared: Prepared | None = None) -> None:
    """Submit the incarnation and wait until it runs. Raises as submit.launch does."""
    if entry.release != context.release:
        release_process.launch(context, entry)
        return
    if prepared is None:
        prepared = submission.prepare(
            context.project,
            context.settings,
            entry.job,
            parallelism=entry.parallelism,
            goes_on=entry.savepoint is not None,
            before=plan_of(entry),
        )
    submission.launch(prepared, entry.flink_job_id, entry.savepoint, context.progress)


def plan_of(entry: Entry | None) -> StoredPlan | None:
    """The plan that the entry's incarnation runs by."""
    return StoredPlan.from_text(entry.plan) if entry and entry.plan else None


def last_good(history: Sequence[Entry], but: str | None = None) -> Entry | None:
    """The entry of the last incarnation that ran, other than the one with the id `but`."""
    return next((e for e in reversed(history) if e.step in GOOD and e.flink_job_id != but), None)
