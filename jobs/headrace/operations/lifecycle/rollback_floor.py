"""Check, before anything stops, whether an older release can be started: this limits how far back a rollback reaches.

A job is rolled back by the engine of the release that it goes back to. That engine reads an order that this one writes,
with today's settings, and it finds today's tables. Three things limit it:

- The version of the order. A release reports the one that it reads; none below OLDEST_ORDER_VERSION can be started.
- The settings. A release refuses keys that it does not know: a setting that is newer than the release prevents a
  rollback to it, for as long as an environment uses that setting.
- The tables. A release writes the columns that its own files name. Columns added since stay null; a column that was
  removed or has another type prevents the rollback.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from headrace.errors import PlatformError, Problem, UserError
from headrace.operations.ledger import Entry
from headrace.operations.lifecycle import release_process
from headrace.operations.lifecycle.operation_context import OperationContext

ORDER_VERSION = 1
"""The version of the order that this tree writes and reads. Raise it when older releases would misread the order."""
OLDEST_ORDER_VERSION = 1
"""The floor: the oldest version that this tree can write. Every release that a ledger holds reads version 1."""
_PROBE = Path(__file__).with_name("release_probe.py")


def refuse_unreadable(context: OperationContext, entry: Entry, *, prepare: bool = False) -> None:
    """Raise UserError with all that prevents the entry's release from starting with today's settings and tables.

    With `prepare`, tables get the descriptions and properties of the release if it cannot start without them.

    Raises PlatformError if the release is missing, or its engine does not start. The release of the project's current
    files is not checked.
    """
    if entry.release == context.release:
        return
    release = f"release {entry.release[:12]}" + (f" of {entry.at:%Y-%m-%d}" if entry.at else "")
    program = [str(_PROBE), *(["prepare"] if prepare else [])]
    result = release_process.run(context, entry, program, release_process.order(context, entry))
    try:
        report = json.loads(result.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        lines = result.stderr.strip().splitlines()
        what = f"the engine of {release} does not start: {lines[-1] if lines else 'it gave no reason'}"
        raise PlatformError(what, fix=_forward(entry.job)) from None
    if problems := _problems(report, release, entry.job):
        raise UserError(problems)


def _problems(report: dict[str, Any], release: str, job: str) -> list[Problem]:
    if report["order_version"] < OLDEST_ORDER_VERSION:
        what = (
            f"{release} is too old for this engine to start: it reads orders of version {report['order_version']}, "
            f"and this engine writes none below version {OLDEST_ORDER_VERSION}"
        )
        return [Problem(what, fix=_forward(job))]
    file = "the environment's file in catalogs/"
    fix = f"remove the setting while that release runs, or keep it and {_forward(job)}"
    problems = []
    for fault in report["settings"]:
        refusal = "does not know" if fault["unknown"] else "does not accept"
        reason = "" if fault["unknown"] else f": {fault['what']}"
        problems.append(Problem(f"{release} {refusal} the setting {fault['setting']}{reason}", file, fix))
    problems += [Problem(f"{release} cannot write {fault}", "the catalog", _forward(job)) for fault in report["tables"]]
    return problems


def _forward(job: str) -> str:
    return f"undo the change in the job's files, then: headrace upgrade {job}"
