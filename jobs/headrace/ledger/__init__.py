"""The ledger of deployments: one row a step of a job's life, and the lock that lets one deployer at a time take one."""

from headrace.ledger.entry import ALIVE, Entry, Step
from headrace.ledger.held import held
from headrace.ledger.lock import LEASE_S
from headrace.ledger.table import DEPLOYMENTS, Ledger

__all__ = ["ALIVE", "DEPLOYMENTS", "LEASE_S", "Entry", "Ledger", "Step", "held"]
