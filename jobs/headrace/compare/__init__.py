"""`plan`: what the jobs of the working tree would do otherwise than those of a git ref."""

from headrace.compare.jobplan import JobPlan
from headrace.compare.report import Report, report

__all__ = ["JobPlan", "Report", "report"]
