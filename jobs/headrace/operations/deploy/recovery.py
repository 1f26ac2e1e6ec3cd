"""Before anything is planned: what deployers that were killed have left half-done is finished."""

from __future__ import annotations

from collections.abc import Collection

from headrace.operations.ledger import ALIVE
from headrace.operations.lifecycle.finish_interrupted import finish_interrupted
from headrace.operations.lifecycle.operation_context import OperationContext


def recover(context: OperationContext, only: Collection[str] = ()) -> None:
    """Have the ledger say what is so of each job that it holds to be on the cluster. Raises as `settle` does."""
    for name, entry in context.ledger.last().items():
        if entry.step in ALIVE and (not only or name in only):
            finish_interrupted(context, context.ledger.history(name))
