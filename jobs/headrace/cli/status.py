"""`headrace status`: show the state and the metrics of jobs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from headrace.cli.common import Context, Env, JobNames, Json, clock, log, out, print_json, table
from headrace.errors import CheckFailed, PlatformError, Problem

if TYPE_CHECKING:
    from headrace.operations.lifecycle.status import Status, Survey

_BOUNDED = ("bounded", "finished")
_NUMBERS = ("checkpoint", "commit", "lag", "rows/s")
_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60))


def status(
    jobs: JobNames = None,
    env: Env = "local",
    json: Json = False,
) -> None:
    """Show the state of jobs and how they progress.

    Exits with 0 if every job that should run does and makes progress, with 1 if one does not, and otherwise with 3 if a
    service did not answer. Each job that is not well has a next command.

    checkpoint, commit: time since the last one; lag: records that no checkpoint includes yet; rows/s: records read.
    A table whose metadata is so large that commits and queries are slow is named at the end.

    --json also has the time since the last start, restarts, backpressure and dead letters per second.
    """
    from headrace.operations.lifecycle import status as lifecycle
    from headrace.upkeep import completeness
    from headrace.upkeep.maintain.metadata_files import large

    context = Context(env)
    with log.status("querying the catalog, the cluster and the broker"):
        survey = lifecycle.survey(
            context.project,
            context.settings,
            jobs or (),
            lambda: completeness.last(context.settings).through_of,
            lambda: [f"{each.table}: {each.sentence}" for each in large(context.project, context.settings)],
        )
    stored = _stored(context, survey)
    if json:
        shown = [{**_plain(job), "stored": stored.get(job.job)} for job in survey.jobs]
        unanswered = [problem.to_json() for problem in survey.unanswered]
        print_json({"jobs": shown, "unanswered": unanswered, "large_tables": survey.large_tables})
    else:
        _show(survey, stored)
    _verdict(survey)


def _stored(context: Context, survey: Survey) -> dict[str, dict[str, int]]:
    """Return the rows that each bounded run has stored, by job and table; none while a service does not answer."""
    from headrace.operations.lifecycle import bounded_run
    from headrace.project import job_folder

    ran = [job.entry for job in survey.jobs if job.entry and job.entry.step in _BOUNDED]
    if survey.unanswered or not ran:
        return {}
    known = job_folder.names(context.project)
    with suppress(PlatformError):
        return {
            each.job: bounded_run.stored(context.project, context.settings, each) for each in ran if each.job in known
        }
    return {}


def _verdict(survey: Survey) -> None:
    """Raise CheckFailed with each job that is not well, or PlatformError with what did not answer, if any."""
    ill = [Problem(f"{job.job} is {job.state}: {job.health.why}", fix=job.health.fix) for job in survey.ill]
    # A state that is unknown because a service does not answer says nothing about the job.
    if any(job.state != "UNKNOWN" or not survey.unanswered for job in survey.ill):
        whys = [job.health.why or "" for job in survey.ill]
        raise CheckFailed([*ill, *(each for each in survey.unanswered if not any(each.what in why for why in whys))])
    if survey.unanswered:
        raise PlatformError(survey.unanswered)


def _show(survey: Survey, stored: Mapping[str, Mapping[str, int]] = MappingProxyType({})) -> None:
    from rich.markup import escape

    shown = table("job", "state", *_NUMBERS, numbers=_NUMBERS)
    for job in survey.jobs:
        shown.add_row(job.job, job.state, *_numbers(job), style=None if job.well else "bold red")
    if survey.jobs:
        out.print(shown)
    elif not survey.unanswered:
        out.print("no job has been deployed")
    lines = [line for job in survey.jobs for line in _lines(job, stored.get(job.job))]
    for line in (*lines, *survey.large_tables):
        out.print(escape(line), highlight=False, soft_wrap=True)


def _numbers(job: Status) -> tuple[str, ...]:
    report = job.report
    if report is None:
        return ("",) * len(_NUMBERS)
    return (
        _age(report.checkpoint_s),
        _age(report.metrics.commit_age_s),
        _number(job.topics.lag if job.topics else None),
        _number(report.metrics.rows_per_s),
    )


def _lines(job: Status, stored: Mapping[str, int] | None) -> list[str]:
    from headrace.environment import kafka

    lines = []
    if job.entry and job.entry.step in _BOUNDED:
        lines += [f"{job.job}, bounded: {text}" for text in _bounded(job.entry.message, stored)]
    if job.complete_through:
        lines.append(f"{job.job} is complete through {clock(job.complete_through)}")
    if job.topics and job.topics.in_transactions:
        lines.append(f"{job.job}: {job.topics.in_transactions:,} offsets wait behind an open transaction")
        lines += [f"  in {', '.join(job.topics.held)}", f"  fix {kafka.END_OF_TRANSACTION}"]
    if job.report and (dead := job.report.metrics.dead_letters_per_s):
        lines.append(f"{job.job} writes {dead:.2g} dead letters per second")
    if job.report and (failure := job.report.failure):
        since = "" if job.state == "RESTARTING" else "; it has recovered since" if job.well else ""
        ago = _age(job.report.failure_s)
        lines.append(f"{job.job}, last error, {ago} ago, at {clock(failure.at)}{since}: {failure.what}")
    return lines


def _bounded(end: str | None, stored: Mapping[str, int] | None) -> Iterator[str]:
    from headrace.operations.lifecycle import bounded_run

    if end:
        yield end
    if stored is not None:
        yield f"it has stored {bounded_run.sentence(stored)}"


def _age(seconds: float | None) -> str:
    """Return a span of time in its largest whole unit, as `45 s` or `12 min`; "" for None."""
    if seconds is None:
        return ""
    return next((f"{seconds // size:.0f} {unit}" for unit, size in _UNITS if seconds >= 2 * size), f"{seconds:.0f} s")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"


def _plain(job: Status) -> dict[str, Any]:
    report, topics = job.report, job.topics
    entry = asdict(job.entry) if job.entry else None
    if entry:
        entry.pop("plan")
    return {
        "job": job.job,
        "state": job.state,
        "well": job.well,
        "why": job.health.why,
        "fix": job.health.fix,
        "flink_job_id": job.flink_job_id,
        "entry": entry,
        "uptime_s": report and report.attempt_s,
        "checkpoint_age_s": report and report.checkpoint_s,
        "checkpoint_interval_s": report and report.interval_s,
        "metrics": {**(asdict(report.metrics) if report else {}), "lag": topics and topics.lag},
        "in_open_transactions": topics and topics.in_transactions,
        "complete_through": job.complete_through,
        "error": report and report.failure and {**asdict(report.failure), "age_s": report.failure_s},
    }
