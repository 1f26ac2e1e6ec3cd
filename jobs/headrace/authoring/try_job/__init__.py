"""`headrace try`: a job on live topics, with nothing written anywhere."""

from headrace.authoring.try_job.run import Account, Change, run

__all__ = ["Account", "Change", "run"]
