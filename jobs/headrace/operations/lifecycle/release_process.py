"""A job submitted by the engine of a kept release, in a process of its own: old code, exactly."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from headrace import errors
from headrace.errors import PlatformError, Problem
from headrace.operations.ledger import Entry
from headrace.operations.lifecycle.operation_context import OperationContext
from headrace.planner.gateway import flink_home

_LIMIT_S = 300


def launch(context: OperationContext, entry: Entry) -> None:
    """Have the entry's release submit the job, with the environment of today, and wait until it runs.

    Raises as `submit.launch` does, and PlatformError where the release cannot be had, or does not answer in time.
    """
    root = context.unpacked(entry.release)
    order = {
        "root": str(root),
        "home": str(context.project.home),
        "settings": context.settings.model_dump(mode="json", exclude_defaults=True),
        "job": entry.job,
        "job_id": entry.flink_job_id,
        "parallelism": entry.parallelism,
        "restore": entry.savepoint,
        "plan": entry.plan,
    }
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(root / "jobs"), str(root / "udfs")]),
        "FLINK_HOME": flink_home(context.project),
    }
    context.progress(f"{entry.job}: starting release {entry.release[:12]}")
    try:
        done = subprocess.run(
            [sys.executable, "-m", "headrace.lifecycle.again"],
            # By standard input: arguments are for all to see, and settings may hold a secret outright.
            input=json.dumps(order),
            env=environment,
            capture_output=True,
            text=True,
            timeout=_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        what = f"release {entry.release[:12]} did not start {entry.job} within {_LIMIT_S} s"
        raise PlatformError(what, context.cluster.rest) from None
    if done.returncode:
        raise _told(done.stdout, done.stderr)


def _told(stdout: str, stderr: str) -> errors.HeadraceError:
    """What the release's own process said was wrong."""
    try:
        told = json.loads(stdout.splitlines()[-1])
        kind = {"UserError": errors.UserError, "CheckFailed": errors.CheckFailed}.get(told["kind"], PlatformError)
        return kind([Problem(**problem) for problem in told["problems"]])
    except (IndexError, ValueError, KeyError, TypeError):
        lines = stderr.strip().splitlines()
        return PlatformError(f"the release's own engine failed: {lines[-1] if lines else 'it said nothing'}")
