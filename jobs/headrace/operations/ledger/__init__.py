"""The ledger of deployments: one row per step of a job's life, and the lock that lets one deployer at a time write.

Entries come in, and go out by job, oldest first. It knows the catalog, and neither Flink nor a job's files.
"""

from headrace.operations.ledger.entry import ALIVE, TO_START_AGAIN, UNSETTLED, Entry, Step
from headrace.operations.ledger.held import held
from headrace.operations.ledger.lock import LEASE_S
from headrace.operations.ledger.table import Ledger
from headrace.project.system_tables import DEPLOYMENTS

__all__ = ["ALIVE", "DEPLOYMENTS", "LEASE_S", "TO_START_AGAIN", "UNSETTLED", "Entry", "Ledger", "Step", "held"]
