"""A Java stack trace is reduced to one line."""

from __future__ import annotations

import pytest

from headrace.environment.java_errors import root_cause

JAVA = """\
org.apache.flink.runtime.JobException: Recovery is suppressed
\tat org.apache.flink.runtime.X.y(X.java:1)
Caused by: java.lang.RuntimeException: outer
\tat a.b.C.d(C.java:2)
Caused by: org.apache.kafka.common.errors.TimeoutException: no node
\t... 3 more
"""
PYTHON = """\
java.lang.RuntimeException: Error received from SDK harness for instruction 1: Traceback (most recent call last):
  File "x.py", line 1, in f
    raise ValueError("bad tag")
ValueError: bad tag

\tat org.apache.beam.X.y(X.java:1)
"""


@pytest.mark.parametrize(
    ("trace", "cause"),
    [
        (JAVA, "TimeoutException: no node"),
        (PYTHON, "ValueError: bad tag"),
        ("java.lang.OutOfMemoryError: Metaspace", "OutOfMemoryError: Metaspace"),
        ("java.lang.NullPointerException\n\tat x.y(Z.java)", "NullPointerException"),
        ("", ""),
    ],
)
def test_the_innermost_cause_is_returned(trace: str, cause: str) -> None:
    assert root_cause(trace) == cause
