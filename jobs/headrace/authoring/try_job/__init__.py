"""`headrace try`: a job on live topics, with nothing written anywhere."""

from headrace.authoring.try_job.run import Change, TrialStats, run

__all__ = ["Change", "TrialStats", "run"]
