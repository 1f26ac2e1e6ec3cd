"""`headrace plan`: compare the jobs of the working tree with those of a git ref.

In come the files of both sides, out goes a report: changes in words, differences of Flink's compiled plans, and tables
to create or change. Neither a broker nor a cluster is contacted; running jobs and their state are not considered.
"""

from headrace.authoring.diff.job_plan import JobPlan
from headrace.authoring.diff.report import Report, report

__all__ = ["JobPlan", "Report", "report"]
