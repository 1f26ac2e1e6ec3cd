"""Run the engine of a stored release in a process of its own, so that only its code runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from headrace import errors
from headrace.environment.flink_bridge import bridge
from headrace.errors import PlatformError, Problem
from headrace.operations.ledger import Entry
from headrace.operations.lifecycle.operation_context import OperationContext
from headrace.planner.gateway import flink_home

_RUNNER = Path(__file__).with_name("release_runner.py")
_LIMIT_S = 300


def launch(context: OperationContext, entry: Entry) -> None:
    """Have the entry's release submit the job, with today's settings that it knows, and wait until it runs.

    Raises as submission.launch does, and PlatformError if the release is missing, or does not answer in time.
    """
    context.progress_of(entry.job)(f"starting release {entry.release[:12]}")
    result = _run(context, entry, "start", order(context, entry))
    if result.returncode:
        raise _reported(result.stdout, result.stderr)


def read(context: OperationContext, entry: Entry, *, plan: bool) -> dict[str, Any]:
    """Return how the entry's release reads the order to continue the job, as release_runner describes it.

    With `plan`, the release also checks and plans the job. Raises PlatformError if the release is missing, its engine
    does not start, or it does not answer in time.
    """
    continued = {**order(context, entry), "restore": entry.savepoint or "the state that the running job leaves"}
    result = _run(context, entry, "plan" if plan else "read", continued)
    try:
        report: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        lines = result.stderr.strip().splitlines()
        reason = lines[-1] if lines else "it gave no reason"
        fix = f"deploy {entry.job} from a checkout that runs"
        raise PlatformError(f"the engine of release {entry.release[:12]} does not start: {reason}", fix=fix) from None
    return report


def order(context: OperationContext, entry: Entry) -> dict[str, Any]:
    """Return the order to submit the entry's incarnation, as the release's engine reads it from its standard input.

    It has only the settings that differ from their defaults: those that an older release does not know are left out of
    what its engine gets.
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


def _run(context: OperationContext, entry: Entry, what: str, given: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    """Run release_runner on the entry's release; `given` is its standard input, as JSON.

    The release reaches a cluster with certificates by a bridge: releases of before know none, and none needs a key.
    """
    flink, tls = context.settings.flink, context.settings.flink_tls()
    if not tls:
        return _run_directly(context, entry, what, given)
    with bridge(context.cluster.rest, tls) as address:
        plain = flink.model_copy(update={"rest": address, "tls": None})
        settings = {**given["settings"], "flink": plain.model_dump(mode="json", exclude_defaults=True)}
        done = _run_directly(context, entry, what, {**given, "settings": settings})
    shown = (text.replace(address, context.cluster.rest) for text in (done.stdout, done.stderr))
    return subprocess.CompletedProcess(done.args, done.returncode, *shown)


def _run_directly(
    context: OperationContext, entry: Entry, what: str, given: dict[str, Any]
) -> subprocess.CompletedProcess[str]:
    root = context.unpacked(entry.release)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(root / "jobs"), str(root / "udfs")]),
        "FLINK_HOME": flink_home(context.project),
        # Another file in its folder would have the release unpacked again.
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    try:
        return subprocess.run(
            # -P: the folder of a program that runs by its path must not come before the release's.
            [sys.executable, "-P", str(_RUNNER), what],
            # By standard input: arguments are visible to other processes, and settings may hold a plain secret.
            input=json.dumps(given),
            env=environment,
            capture_output=True,
            text=True,
            timeout=_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        fault = f"release {entry.release[:12]} did not {what} {entry.job} within {_LIMIT_S} s"
        raise PlatformError(fault, context.cluster.rest) from None


def _reported(stdout: str, stderr: str) -> errors.HeadraceError:
    """Return the error that the release's own process reports."""
    try:
        report = json.loads(stdout.splitlines()[-1])
        kind = {"UserError": errors.UserError, "CheckFailed": errors.CheckFailed}.get(report["kind"], PlatformError)
        return kind([Problem(**problem) for problem in report["problems"]])
    except (IndexError, ValueError, KeyError, TypeError):
        lines = stderr.strip().splitlines()
        return PlatformError(f"the release's own engine failed: {lines[-1] if lines else 'it gave no reason'}")
