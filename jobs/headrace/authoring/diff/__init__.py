"""`plan`: what the jobs of the working tree would do otherwise than those of a git ref."""

from headrace.authoring.diff.job_plan import JobPlan
from headrace.authoring.diff.report import Report, report

__all__ = ["JobPlan", "Report", "report"]
