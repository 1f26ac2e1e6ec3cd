"""Run a job again over a span of its topics, into a branch of its tables that readers do not see, or other tables.

The package finds the offsets of the span, makes the branches or tables, starts the job and follows it to its end. It
has no ledger: a replay does not count as an incarnation of the job.
"""

from headrace.operations.replay.branches import Branch
from headrace.operations.replay.run import Replay, Replayed, prepare, run

__all__ = ["Branch", "Replay", "Replayed", "prepare", "run"]
