"""Before anything is planned: what deployers that were killed have left half-done is finished."""

from __future__ import annotations

from collections.abc import Collection

from headrace.ledger import ALIVE
from headrace.lifecycle.desk import Desk
from headrace.lifecycle.settle import settle


def recover(desk: Desk, only: Collection[str] = ()) -> None:
    """Have the ledger say what is so of each job that it holds to be on the cluster. Raises as `settle` does."""
    for name, entry in desk.ledger.last().items():
        if entry.step in ALIVE and (not only or name in only):
            settle(desk, desk.ledger.history(name))
