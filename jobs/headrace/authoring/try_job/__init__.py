"""`headrace try`: run a job on live topics without writing to any table or topic.

The package reads the job's files and live topics and tables, and reports the rows that the job would write and what
it costs. The job runs on a Flink inside the process, and its sinks are replaced with files on this machine.
"""

from headrace.authoring.try_job.run import Change, TrialStats, run

__all__ = ["Change", "TrialStats", "run"]
