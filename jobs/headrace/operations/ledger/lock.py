"""The deployers' lock: a lease in a property of the ledger's table, which a deployer takes in one commit."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from uuid import uuid4

import psutil

PROPERTY = "deploy.lock"
"""Not named headrace.*: `tables apply` removes such properties if no file of sql/_tables/ has them."""
LEASE_S = 60
"""Seconds from one renewal to the end. The clocks of two deployers' machines must differ by less."""


@dataclass(frozen=True)
class Lock:
    """The owner of the lock, and `until` when it holds, in seconds since 1970, unless it is renewed.

    `started` is the start time of the process, so that a later process with the same pid is not taken for it.
    """

    owner: str
    host: str
    pid: int
    started: float
    until: float

    @classmethod
    def mine(cls, owner: str | None = None) -> Lock:
        """Return a lease of this process: a new one, or the renewed one of `owner`."""
        until = (datetime.now(UTC) + timedelta(seconds=LEASE_S)).timestamp()
        process = psutil.Process()
        return cls(owner or uuid4().hex, _host(), os.getpid(), process.create_time(), until)

    @classmethod
    def of(cls, properties: Mapping[str, str]) -> Lock | None:
        """Return the lock in the table's properties; None if there is none."""
        text = properties.get(PROPERTY)
        return cls(**json.loads(text)) if text else None

    def to_properties(self) -> dict[str, str]:
        """Return the lock as a property of the table."""
        return {PROPERTY: json.dumps(asdict(self))}

    @property
    def free(self) -> bool:
        """Whether another may take it: the lease has ended, or its owner was a process of this host that is gone."""
        return self.until < datetime.now(UTC).timestamp() or (self.host == _host() and not self._lives())

    def _lives(self) -> bool:
        try:
            # The start time of a process has hundredths of a second, and is not always rounded the same way.
            return abs(psutil.Process(self.pid).create_time() - self.started) < 1
        except psutil.NoSuchProcess:
            return False

    def __str__(self) -> str:
        ends = datetime.fromtimestamp(self.until, UTC).strftime("%H:%M:%S")
        return f"process {self.pid} on {self.host}, whose lease ends at {ends} UTC unless it renews it"


@cache
def _host() -> str:
    """Return an id of this machine. Its name alone is not enough, because containers may share one."""
    return f"{socket.gethostname()}/{int(psutil.boot_time())}"
