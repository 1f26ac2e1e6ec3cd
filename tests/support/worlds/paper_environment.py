"""An environment on paper: a real catalog and ledger, and addresses at which nothing answers."""

from __future__ import annotations

from headrace.environment import settings
from headrace.environment.apply import table_changes
from headrace.environment.settings import Settings
from headrace.operations import ledger
from headrace.operations.ledger import DEPLOYMENTS, Entry
from headrace.project.paths import Project

NOWHERE = "127.0.0.1:1"
"""An address at which nothing answers."""


def environment(project: Project, *tables: str) -> Settings:
    """Return the project's local environment with its broker and cluster at NOWHERE, and these tables and a ledger."""
    loaded = settings.load(project, "local")
    flink = loaded.flink.model_copy(update={"rest": f"http://{NOWHERE}"})
    found = loaded.model_copy(update={"kafka": {"bootstrap.servers": NOWHERE}, "flink": flink})
    table_changes.apply(project, found, [DEPLOYMENTS, *tables])
    return found


def write(known: Settings, *entries: Entry) -> None:
    """Write the entries to the environment's ledger."""
    with ledger.held(known) as (book, owner):
        for each in entries:
            book.write(each, owner)
