"""Shared context of lifecycle operations: project, settings, cluster and ledger, under the deployers' lock."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from uuid import uuid4

from headrace.environment import git_ref, iceberg
from headrace.environment.apply import table_changes
from headrace.environment.settings import Settings
from headrace.errors import UserError
from headrace.operations import ledger
from headrace.operations.ledger import DEPLOYMENTS, Entry, Ledger
from headrace.operations.lifecycle.job_cluster import JobCluster
from headrace.planner import release as releases
from headrace.project.paths import Project

Progress = Callable[[str], None]


@dataclass(frozen=True)
class OperationContext:
    """The project, its environment and the ledger; `owner` holds the ledger's lock, and is empty for reading only."""

    project: Project
    settings: Settings
    cluster: JobCluster
    ledger: Ledger
    owner: str
    deployment: str
    progress: Progress

    def progress_of(self, job: str) -> Progress:
        """Return a function that reports a step of an operation on the job, with the job's name."""
        return lambda step: self.progress(f"{job}: {step}")

    def write(self, entry: Entry) -> Entry:
        """Write the step to the ledger as part of this deployment. Raises PlatformError if the lock is lost."""
        return self.ledger.write(replace(entry, deployment=self.deployment, deployer=_deployer()), self.owner)

    @property
    def release(self) -> str:
        """The digest of the release of the project's current files."""
        return self._packed.digest

    def keep_release(self) -> None:
        """Store the release of the project's current files in the warehouse. Raises PlatformError."""
        releases.store(self.ledger.io, self.store, self._packed)

    @cached_property
    def _packed(self) -> releases.Release:
        return releases.pack(self.project)

    @cached_property
    def git_commit(self) -> str | None:
        """The commit that HEADRACE_COMMIT names, as in an image, or that is checked out; None without either."""
        if commit := os.environ.get("HEADRACE_COMMIT"):
            return commit
        try:
            return git_ref.commit_of(self.project, "HEAD")
        except UserError:
            return None

    @property
    def store(self) -> str:
        """The address below which releases are stored: next to the ledger, whose place a REST catalog decides."""
        return f"{self.ledger.folder}/_headrace"

    def unpacked(self, digest: str) -> Path:
        """Return the folder of a stored release, unpacked if necessary. Raises PlatformError."""
        return releases.unpack(self.ledger.io, self.store, digest, self.project.home / "releases")


@contextmanager
def locked(
    project: Project, settings: Settings, wait_s: float = 0, progress: Progress = lambda _step: None
) -> Iterator[OperationContext]:
    """Yield a context, the only one that may write steps until the block ends.

    Raises CheckFailed if another deployer still holds the lock after `wait_s` seconds, PlatformError if there is no
    catalog.
    """
    iceberg.connect(settings)  # the first to use the catalog: only `tables apply` creates one
    table_changes.apply(project, settings, [DEPLOYMENTS])
    cluster = JobCluster.of(settings)
    with ledger.held(settings, wait_s, progress) as (book, owner):
        yield OperationContext(project, settings, cluster, book, owner, uuid4().hex, progress)


def read_only(project: Project, settings: Settings, progress: Progress = lambda _step: None) -> OperationContext:
    """Return a context without the lock, for reading: `write` fails."""
    return OperationContext(project, settings, JobCluster.of(settings), Ledger(settings), "", "", progress)


def _deployer() -> str:
    return f"{getpass.getuser()}@{socket.gethostname()}"
