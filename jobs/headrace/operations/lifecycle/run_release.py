"""Submit a job with the engine of a stored release; `python -m headrace.lifecycle.again` calls this.

The order arrives as JSON on standard input. A later engine may have written it, so unknown keys are ignored.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from headrace.environment import iceberg
from headrace.environment.settings import Settings
from headrace.errors import HeadraceError
from headrace.operations import preflight, submission
from headrace.operations.submission import Prepared
from headrace.planner.state.stored_plan import StoredPlan
from headrace.project import job_folder
from headrace.project.paths import Project


def run(order: dict[str, Any]) -> None:
    """Submit the job of the order. Raises as submission.prepare and submission.launch do."""
    submission.launch(_prepared(order), order["job_id"], order["restore"])


def check(order: dict[str, Any]) -> list[str]:
    """Check and plan the job of the order, and start nothing; return the tables that it appends to.

    Raises as submission.prepare does.
    """
    writes = _prepared(order).planned.composition.folder.job.writes
    return [sink for sink, mode in writes.items() if mode == "append"]


def _prepared(order: dict[str, Any]) -> Prepared:
    return submission.prepare(
        Project(Path(order["root"]), Path(order["home"])),
        Settings.model_validate(order["settings"]),
        order["job"],
        parallelism=order["parallelism"],
        goes_on=order["restore"] is not None,
        before=StoredPlan.from_text(order["plan"]) if order["plan"] else None,
        tables_may_differ=True,
    )


def table_faults(order: dict[str, Any]) -> list[str]:
    """Return one sentence for each table of the order's job that this release cannot write as the catalog has it."""
    project, settings = Project(Path(order["root"]), Path(order["home"])), Settings.model_validate(order["settings"])
    job = job_folder.job_of(project, order["job"])
    return [problem.what for problem in preflight.table_misfits(project, iceberg.connect(settings), job)]


def main() -> None:
    """Submit; exit as the command line does, and report a fault on standard output as one line of JSON."""
    try:
        run(json.load(sys.stdin))
    except HeadraceError as error:
        problems = [problem.to_json() for problem in error.problems]
        sys.stdout.write("\n" + json.dumps({"kind": type(error).__name__, "problems": problems}) + "\n")
        sys.exit(error.exit_code)
