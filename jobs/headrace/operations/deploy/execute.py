"""Execute a plan, job by job; an action that fails does not hold up the others."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from headrace.errors import HeadraceError, PlatformError, Problem
from headrace.operations.deploy.plan import Action
from headrace.operations.ledger import Entry
from headrace.operations.lifecycle.operation_context import OperationContext
from headrace.operations.lifecycle.stop import stop
from headrace.operations.lifecycle.table_ownership import refuse_beside_running
from headrace.operations.lifecycle.upgrade import switch


@dataclass(frozen=True)
class Outcome:
    """The result of an action: the job's last entry, and how long it took; `error` if it failed."""

    action: Action
    entry: Entry | None
    seconds: float
    error: HeadraceError | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the outcome as one JSON object: the action's keys, and its result."""
        entry = self.entry
        return {
            **self.action.to_json(),
            "step": entry.step if entry else None,
            "flink_job_id": entry.flink_job_id if entry else None,
            "savepoint": entry.savepoint if entry else None,
            "release": entry.release if entry else None,
            "seconds": round(self.seconds, 1),
            "failed": [str(problem) for problem in self.error.problems] if self.error else [],
        }


def execute(context: OperationContext, actions: Iterable[Action]) -> list[Outcome]:
    """Execute each action. A failure is kept in its outcome; `verdict` raises it."""
    return [_outcome(context, action) for action in actions]


def verdict(outcomes: Iterable[Outcome]) -> None:
    """Raise PlatformError with the problems of all actions that failed, if any."""
    problems = [
        Problem(f"{each.action.job}: {p.what}", p.where, p.fix)
        for each in outcomes
        if each.error
        for p in each.error.problems
    ]
    if problems:
        raise PlatformError(problems)


def _outcome(context: OperationContext, action: Action) -> Outcome:
    began = time.monotonic()
    try:
        if action.kind == "stop":
            stop(context, action.job)
        elif action.state and action.successor:
            # An earlier action of this plan may have failed to stop the other job.
            refuse_beside_running(context, action.job)
            switch(context, action.state, action.successor)
        error = None
    except HeadraceError as failure:
        error = failure
    last = context.ledger.last().get(action.job)
    return Outcome(action, last, time.monotonic() - began, error)
