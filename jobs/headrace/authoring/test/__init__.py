"""Tests of jobs as folders of data: `sql/<domain>/<job>/tests/<case>/`."""

from headrace.authoring.test.run import Outcome, run
from headrace.authoring.test.update import update
from headrace.planner.in_process.case import Case, load
from headrace.planner.in_process.files import check

__all__ = ["Case", "Outcome", "check", "load", "run", "update"]
