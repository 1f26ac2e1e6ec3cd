"""Start a job without any state, and describe beforehand what that loses or repeats."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from headrace.environment import iceberg, kafka, source_topics
from headrace.errors import HeadraceError, Problem, UserError
from headrace.operations import preflight
from headrace.operations.ledger import TO_START_AGAIN, Entry
from headrace.operations.lifecycle import incarnation, job_state, retention_loss
from headrace.operations.lifecycle.operation_context import OperationContext
from headrace.operations.lifecycle.start import go_back, run, run_or_go_back
from headrace.operations.lifecycle.stop import stop_with_savepoint
from headrace.operations.lifecycle.table_ownership import refuse_beside_running
from headrace.planner.state.operators import operators
from headrace.planner.state.signature import SINK, SOURCE, STATELESS
from headrace.planner.state.stored_plan import StoredPlan
from headrace.project import job_folder
from headrace.project.job_folder import JobFolder


@dataclass(frozen=True)
class Cost:
    """The effects of a start without state on the rows of a job, one sentence per effect; never empty."""

    sentences: Sequence[str]


def cost(context: OperationContext, name: str) -> Cost:
    """Return the cost of a start without state; nothing is done. Raises UserError for faults in the job's files."""
    folder = job_folder.load(context.project, name)
    read = _after_what_is_stored if folder.job.keeps_every_record else _from_the_beginning
    return Cost(
        [
            *_state(context, folder),
            *read(context, folder),
            *(f"{other} is read from its beginning" for other in folder.job.jobs),
            *_repeated(context, folder),
        ]
    )


def restart(context: OperationContext, name: str) -> Entry:
    """Start the project's version of the job without state; a running one is stopped first.

    A job that keeps every record starts right after the last one that its tables hold. Raises as `upgrade` does: if the
    new start fails, the incarnation that ran runs again from where it had stopped. One that was failing is not started
    again; the error has what can be done.
    """
    state = job_state.settled(context, name)
    refuse_beside_running(context, name)
    job_state.check_slots(context, state, context.settings.slots_of(name))
    folder = job_folder.load(context.project, name)
    # Plan the job once before anything stops, so that faults are reported first.
    incarnation.successor(context, name, None, goes_on=True)
    ran = False
    if state.alive and state.before:
        job_state.check_savepoint(context, state.before)
        check_start(context, folder)
        ran = context.cluster.state(state.before.flink_job_id) == "RUNNING"
        stop_with_savepoint(context, state.before, TO_START_AGAIN)
    history = context.ledger.history(name)
    try:
        # Plan it again after it has stopped: a job that keeps every record starts right after what its tables hold now.
        successor = incarnation.successor(context, name, None, goes_on=not folder.job.keeps_every_record)
    except HeadraceError as error:
        if ran:
            go_back(context, name, history, error)
        raise type(error)([*error.problems, _does_not_run(name)]) from None
    entry = replace(successor.entry, message="restarted from nothing")
    if ran:
        return run_or_go_back(context, entry, successor.prepared, history)
    try:
        return run(context, entry, successor.prepared)
    except HeadraceError as error:
        raise type(error)([*error.problems, _does_not_run(name)]) from None


def _does_not_run(name: str) -> Problem:
    return Problem(
        f"{name} does not run now",
        fix=f"repair the cause, then run headrace restart {name} --from nothing again; what it left is kept, and "
        f"headrace restart {name} --from checkpoint continues from it",
    )


def check_start(context: OperationContext, folder: JobFolder) -> None:
    """Raise UserError for what will prevent a job that keeps every record from starting where its tables end.

    While it runs, its tables may hold only a part of a checkpoint, which looks like a gap, until the next one.
    """
    if not folder.job.keeps_every_record:
        return
    tables = iceberg.connect(context.settings)
    limit_s = 1 + 3 * context.settings.flink.checkpoint_interval_s
    retrying = Retrying(
        retry=retry_if_exception_type(UserError), stop=stop_after_delay(limit_s), wait=wait_fixed(0.5), reraise=True
    )
    for topic in source_topics.of_job(context.project, context.settings, folder.job):
        retrying(preflight.start, context.settings, tables, folder, topic)


def _state(context: OperationContext, folder: JobFolder) -> Iterator[str]:
    """Yield what the job's operators keep, as the last plan that is known has them."""
    plans = [entry.plan for entry in context.ledger.history(folder.job.name) if entry.plan]
    plan = StoredPlan.from_text(plans[-1]).plan if plans else None
    if plan is None:
        yield "what its operators keep (windows, joins, aggregates) is lost: they start empty"
        return
    keeping = [str(each) for each in operators(plan) if each.type not in STATELESS | {SOURCE, SINK}]
    if keeping:
        yield f"what these operators keep is lost, they start empty: {'; '.join(dict.fromkeys(keeping))}"
    else:
        yield "it has no windows, joins or aggregates that could be lost"


def _after_what_is_stored(context: OperationContext, folder: JobFolder) -> Iterator[str]:
    for start in retention_loss.starts(context, folder):
        yield from start.lost
        nothing = "" if start.lost else "; none is lost or repeated"
        yield (
            f"it reads {start.topic} on after the last record that its tables hold: {start.waiting:,} records "
            f"wait{nothing}"
        )


def _from_the_beginning(context: OperationContext, folder: JobFolder) -> Iterator[str]:
    for topic in source_topics.of_job(context.project, context.settings, folder.job):
        spans = kafka.offset_ranges(context.settings.kafka_client(), topic).values()
        yield f"it reads {topic} from its earliest record on: {sum(each.end - each.first for each in spans):,} records"
        if gone := sum(each.first for each in spans):
            yield f"{gone:,} earlier records of {topic} were deleted by retention, and are not read again"


def _repeated(context: OperationContext, folder: JobFolder) -> Iterator[str]:
    job = folder.job
    if not job.keeps_every_record:
        catalog = iceberg.connect(context.settings)
        for table in (name for name in job.tables_written if job.writes[name] == "append"):
            if rows := iceberg.row_count(iceberg.load_table(catalog, table)):
                yield f"{rows:,} rows of {table} may come twice"
    for topic in job.topics_written:
        yield f"messages to the topic {topic} may come twice"
