"""The ledger of deployments: one row a step of a job's life, and the lock that lets one deployer at a time take one."""

from headrace.operations.ledger.entry import ALIVE, Entry, Step
from headrace.operations.ledger.held import held
from headrace.operations.ledger.lock import LEASE_S
from headrace.operations.ledger.table import Ledger
from headrace.project.system_tables import DEPLOYMENTS

__all__ = ["ALIVE", "DEPLOYMENTS", "LEASE_S", "Entry", "Ledger", "Step", "held"]
