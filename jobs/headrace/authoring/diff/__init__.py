"""`headrace plan`: compare the jobs of the working tree with those of a git ref.

The package reads the files of both sides and returns a report: changes in words, differences of Flink's compiled
plans, and tables to create or change. It contacts neither a broker nor a cluster, and does not consider running jobs
and their state.
"""

from headrace.authoring.diff.job_plan import JobPlan
from headrace.authoring.diff.report import Report, report

__all__ = ["JobPlan", "Report", "report"]
