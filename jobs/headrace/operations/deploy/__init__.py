"""Compare the jobs that should run on a cluster with those that do, and start, upgrade and stop jobs accordingly.

A context comes in, with the environment's settings; a plan and then its outcomes go out. It starts and stops jobs
only through `lifecycle`, and knows nothing of how results are shown.
"""

from headrace.operations.deploy.execute import Outcome, execute, verdict
from headrace.operations.deploy.plan import Action, plan, recover, validate

__all__ = ["Action", "Outcome", "execute", "plan", "recover", "validate", "verdict"]
