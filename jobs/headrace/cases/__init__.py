"""Tests of jobs as folders of data: `sql/<domain>/<job>/tests/<case>/`."""

from headrace.cases.case import Case, load
from headrace.cases.files import check
from headrace.cases.run import Outcome, run
from headrace.cases.update import update

__all__ = ["Case", "Outcome", "check", "load", "run", "update"]
