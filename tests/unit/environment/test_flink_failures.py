"""A failure that Flink names by a symptom is explained, with what to do; any other is reported as it is."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from headrace.environment.flink_failures import Failure, explained
from headrace.environment.flink_rest import Cluster
from support.servers import server

_TRACE = "java.lang.RuntimeException: outer\n\tat a.b(C.java:1)\nCaused by: {}\n\tat d.e(F.java:2)\n"


@pytest.mark.parametrize(
    ("cause", "what", "fix"),
    [
        (
            "org.apache.kafka.OffsetOutOfRangeException: Fetch position {offset=300224, epoch=0} is out of range for "
            "partition plant.readings-2",
            "plant.readings-2 has no offset 300224, which the job reads next",
            "headrace restart JOB --from nothing",
        ),
        (
            "org.apache.flink.runtime.jobmanager.scheduler.NoResourceAvailableException: Could not acquire the minimum "
            "required resources.",
            "fewer free slots than the job needs",
            "headrace stop OTHER",
        ),
        (
            "org.sqlite.SQLiteException: [SQLITE_BUSY] The database file is locked (database is locked)",
            "locked by another program",
            "close what else uses the catalog's file",
        ),
        (
            "java.lang.IllegalArgumentException: The minBucketMemorySize is not valid!",
            "too little managed memory for all windows of the job",
            "split the job",
        ),
        ("java.lang.OutOfMemoryError: Java heap space", "a TaskManager ran out of memory", "docs/operations.md"),
        (
            "org.apache.arrow.memory.OutOfMemoryException: Failure allocating buffer.",
            "a TaskManager ran out of memory",
            "give each slot more memory",
        ),
        (
            "java.lang.IllegalStateException: CANCELLED: call already cancelled. Use ServerCallStreamObserver.",
            "a Python worker of the job ended",
            "TaskManager's log",
        ),
        (
            "org.apache.flink.table.runtime.operators.sink.constraint.EnforcerException: Column 'tag' is NOT NULL, "
            "however, a null value is being written into it. You can set job configuration "
            "'table.exec.sink.not-null-enforcer'='DROP' to suppress this exception and drop such records silently.",
            "the column 'tag' is required, and the SELECT returned a null for it",
            "coalesce",
        ),
        (
            'java.lang.NumberFormatException: For input string: "X1"',
            'a text could not be cast: "X1"',
            "call try_cast()",
        ),
        (
            "java.time.format.DateTimeParseException: Text 'x' could not be parsed at index 0",
            "a text could not be cast: Text 'x' could not be parsed at index 0",
            "call try_cast()",
        ),
        (
            "java.lang.NumberFormatException: Character N is neither a decimal digit number, decimal point, nor e",
            "a text could not be cast: Character N is neither",
            "call try_cast()",
        ),
        (
            "org.apache.flink.table.api.TableException: Cannot parse 'x' as BOOLEAN.",
            "a text could not be cast: Cannot parse 'x' as BOOLEAN",
            "call try_cast()",
        ),
        ("java.lang.ArithmeticException: / by zero", "number was divided by zero", "nullif(..., 0)"),
        ("java.lang.ArithmeticException: Division by zero", "number was divided by zero", "nullif(..., 0)"),
        ("java.lang.ArithmeticException: Division undefined", "number was divided by zero", "nullif(..., 0)"),
        ("java.io.IOException: disk on fire", "IOException: disk on fire", None),
    ],
)
def test_a_cause(cause: str, what: str, fix: str | None) -> None:
    found, next_command = explained(_TRACE.replace("{}", cause))
    assert what in found
    assert (next_command is None) == (fix is None)
    assert (fix or "") in (next_command or "")


def test_the_last_failure_of_a_job_has_a_time() -> None:
    entries = [{"timestamp": 1_700_000_000_000, "stacktrace": _TRACE.replace("{}", "java.io.IOException: no")}]
    with server(200, json.dumps({"exceptionHistory": {"entries": entries}}).encode()) as address:
        failure = Cluster(address).failure("j")
    assert failure
    assert Failure(failure.at, "w", "stop JOB").fix_for("a/b_v1") == "stop a/b_v1"
    assert (failure.at, failure.what) == (datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC), "IOException: no")


def test_a_job_that_never_failed_has_none() -> None:
    with server(200, b'{"exceptionHistory": {"entries": []}}') as address:
        assert Cluster(address).failure("j") is None
