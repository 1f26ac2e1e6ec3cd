"""Run programs in the tree of a stored release, each in a process of its own, so that only its code runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from headrace import errors
from headrace.errors import PlatformError, Problem
from headrace.operations.ledger import Entry
from headrace.operations.lifecycle.operation_context import OperationContext
from headrace.planner.gateway import flink_home

ENGINE = "headrace.lifecycle.again"
"""The module that submits a job in every release, old or new."""
_LIMIT_S = 300


def launch(context: OperationContext, entry: Entry) -> None:
    """Have the entry's release submit the job, with today's settings, and wait until it runs.

    Raises as submission.launch does, and PlatformError if the release is missing, or does not answer in time.
    """
    context.progress_of(entry.job)(f"starting release {entry.release[:12]}")
    result = run(context, entry, ["-m", ENGINE], order(context, entry))
    if result.returncode:
        raise _reported(result.stdout, result.stderr)


def order(context: OperationContext, entry: Entry) -> dict[str, Any]:
    """Return the order to submit the entry's incarnation, as the release's engine reads it from its standard input.

    It has only the settings that differ from their defaults, because a release refuses keys that it does not know.
    """
    return {
        "root": str(context.unpacked(entry.release)),
        "home": str(context.project.home),
        "settings": context.settings.model_dump(mode="json", exclude_defaults=True),
        "job": entry.job,
        "job_id": entry.flink_job_id,
        "parallelism": entry.parallelism,
        "restore": entry.savepoint,
        "plan": entry.plan,
    }


def run(
    context: OperationContext, entry: Entry, program: Sequence[str], given: dict[str, Any]
) -> subprocess.CompletedProcess[str]:
    """Run Python with the arguments `program` on the entry's release; `given` is its standard input, as JSON.

    Raises PlatformError if the release is missing, or the program does not end in time.
    """
    root = context.unpacked(entry.release)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(root / "jobs"), str(root / "udfs")]),
        "FLINK_HOME": flink_home(context.project),
    }
    try:
        return subprocess.run(
            # -P: the folder of a program that runs by its path must not come before the release's.
            [sys.executable, "-P", *program],
            # By standard input: arguments are visible to other processes, and settings may hold a plain secret.
            input=json.dumps(given),
            env=environment,
            capture_output=True,
            text=True,
            timeout=_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        what = f"release {entry.release[:12]} did not start {entry.job} within {_LIMIT_S} s"
        raise PlatformError(what, context.cluster.rest) from None


def _reported(stdout: str, stderr: str) -> errors.HeadraceError:
    """Return the error that the release's own process reports."""
    try:
        report = json.loads(stdout.splitlines()[-1])
        kind = {"UserError": errors.UserError, "CheckFailed": errors.CheckFailed}.get(report["kind"], PlatformError)
        return kind([Problem(**problem) for problem in report["problems"]])
    except (IndexError, ValueError, KeyError, TypeError):
        lines = stderr.strip().splitlines()
        return PlatformError(f"the release's own engine failed: {lines[-1] if lines else 'it gave no reason'}")
