"""`python -m headrace.lifecycle.again`: the engine of a kept release, which submits a job as it did then.

An order comes as JSON on standard input, written by a later engine than this one: keys that it does not know are left.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from headrace import submit
from headrace.errors import HeadraceError
from headrace.project import Project
from headrace.settings import Settings
from headrace.state.storedplan import StoredPlan


def run(order: dict[str, Any]) -> None:
    """Submit the job of the order. Raises as submit.prepare and submit.launch do."""
    prepared = submit.prepare(
        Project(Path(order["root"]), Path(order["home"])),
        Settings.model_validate(order["settings"]),
        order["job"],
        parallelism=order["parallelism"],
        goes_on=order["restore"] is not None,
        before=StoredPlan.from_text(order["plan"]) if order["plan"] else None,
    )
    submit.launch(prepared, order["job_id"], order["restore"])


def main() -> None:
    """Exit as the command line does; what is wrong goes to standard output, as one line of JSON."""
    try:
        run(json.load(sys.stdin))
    except HeadraceError as error:
        problems = [problem.to_json() for problem in error.problems]
        sys.stdout.write("\n" + json.dumps({"kind": type(error).__name__, "problems": problems}) + "\n")
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
