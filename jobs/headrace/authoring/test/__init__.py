"""`headrace test`: run test cases, which are folders of data: `sql/<domain>/<job>/tests/<case>/`.

The package reads the cases and the job's files, and returns outcomes: the rows of each sink and how they differ from
the expected rows. The statements run on a Flink inside the process; no broker, catalog or cluster is used.
"""

from headrace.authoring.test.run import Outcome, run
from headrace.authoring.test.update import Written, update
from headrace.planner.in_process.case import Case, load
from headrace.planner.in_process.files import check

__all__ = ["Case", "Outcome", "Written", "check", "load", "run", "update"]
