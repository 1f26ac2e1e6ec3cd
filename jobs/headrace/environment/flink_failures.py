"""Failures of jobs as Flink reports them, explained where Flink names a symptom, with what to do next."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from headrace.environment.java_errors import root_cause

MORE_SLOTS = "add TaskManagers, or stop another job: headrace stop OTHER"
"""The fix for a job that waits for slots."""


@dataclass(frozen=True)
class Failure:
    """A failure of a job: when it happened (UTC), its cause in one sentence, and what to do; JOB stands for the job."""

    at: datetime
    what: str
    fix: str | None = None

    def fix_for(self, job: str) -> str | None:
        """Return what to do, with the job's name; None if it is not known."""
        return self.fix and self.fix.replace("JOB", job)


# The pattern is searched for in the innermost cause; its groups fill the braces.
_EXPLAINED: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (
        re.compile(r"offset=(?P<offset>\d+).* is out of range for partition (?P<partition>\S+)"),
        "{partition} has no offset {offset}, which the job reads next: the topic was created again, or lost records "
        "before they were read. Nothing is read past it",
        "headrace restart JOB --from nothing shows what continuing behind it costs; headrace reconcile JOB shows what "
        "is missing",
    ),
    (
        re.compile(r"NoResourceAvailableException"),
        "the cluster has fewer free slots than the job needs",
        MORE_SLOTS,
    ),
    (
        re.compile(r"UnknownTopicOrPartition"),
        "the broker has no such topic or partition: it was deleted",
        "create the topic, then see what continuing with it costs: headrace restart JOB --from nothing",
    ),
    (
        re.compile(r"SQLITE_BUSY|database is locked"),
        "the catalog's file was locked by another program",
        "close what else uses the catalog's file, such as a backup or a browser of databases",
    ),
    (
        re.compile(r"OutOfMemory|Direct buffer memory|Unable to allocate .* bytes"),
        "a TaskManager ran out of memory",
        "give each slot more memory: docs/operations.md says how much it needs. If the job reads many days at once, "
        "and its table is partitioned by day, it has a file open for each of them: partition it by month",
    ),
    (
        re.compile(r"minBucketMemorySize is not valid|Too small memory allocated for BytesHashMap"),
        "a slot has too little managed memory for all windows of the job",
        "split the job, so that each has fewer windows, or raise taskmanager.memory.managed.fraction",
    ),
    (
        re.compile(r"Column '(?P<column>[^']+)' is NOT NULL, however, a null value"),
        "the column '{column}' is required, and the SELECT returned a null for it",
        "leave such rows out (where ... is not null), put a value in place of the null (coalesce), or let the column "
        "be null: without required: true",
    ),
    (
        re.compile(
            r"NumberFormatException(?:: For input string)?(?P<number>: .+)|DateTimeParseException(?P<time>: .+)"
            r"|TableException(?P<boolean>: Cannot parse '.*' as BOOLEAN)"
        ),
        "a text could not be cast{number}{time}{boolean}",
        "call try_cast() in place of cast(): it returns null for such a text; or declare the type in the contract, so "
        "that it becomes a dead letter",
    ),
    (
        re.compile(r"ArithmeticException: (/ by zero|Division (by zero|undefined))"),
        "a whole or decimal number was divided by zero",
        "divide by nullif(..., 0): the result is null then",
    ),
    (
        re.compile(r"CANCELLED: call already cancelled|Process died with exit code"),
        "a Python worker of the job ended while it worked: it was killed, or ran out of memory",
        "if it happens again, see the TaskManager's log, and the memory of its machine",
    ),
)


def explained(trace: str) -> tuple[str, str | None]:
    """Return the innermost cause of a stack trace, in plain words if it is a known one, and what to do, if known."""
    cause = root_cause(trace)
    for pattern, what, fix in _EXPLAINED:
        if match := pattern.search(cause):
            return what.format(**match.groupdict("")), fix
    return cause, None
