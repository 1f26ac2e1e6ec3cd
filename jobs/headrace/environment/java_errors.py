"""Stack traces of Java, reduced to the sentence that names the cause."""

from __future__ import annotations

import re

_CAUSE = re.compile(r"^(?:Caused by: |: )?((?:[\w$]+\.)+[\w$]*(?:Error|Exception|Throwable)[\w$]*)(?:: (.*))?$")
_PYTHON = re.compile(r"Traceback \(most recent call last\):\n(?:[ \t].*\n)+(\S.*)")


def root_cause(trace: str) -> str:
    """Return the innermost cause of a stack trace, as `TimeoutException: no node`; "" for an empty trace.

    A traceback of a Python worker within the trace wins: its last line is returned. A trace that names no cause gives
    its first line.
    """
    if python := _PYTHON.search(trace):
        return python[1]
    causes = [(match[1], match[2]) for line in trace.splitlines() if (match := _CAUSE.match(line.strip()))]
    if not causes:
        return trace.strip().splitlines()[0] if trace.strip() else ""
    kind, text = next(((kind, text) for kind, text in reversed(causes) if text), causes[-1])
    name = kind.rsplit(".", 1)[-1]
    return f"{name}: {text}" if text else name
