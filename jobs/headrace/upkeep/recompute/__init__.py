"""Recompute the windows that late readings fell into.

Names of jobs come in; the windows that were recomputed, and those that wait, go out. It reads stored readings and
runs a job's own SQL on a Flink in this process; it never touches a running job.
"""

from headrace.upkeep.recompute.run import Recomputed as Recomputed
from headrace.upkeep.recompute.run import recompute as recompute
