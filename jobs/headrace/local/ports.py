"""Ports of the local platform: free when they are chosen, and kept in later runs as long as they are free."""

from __future__ import annotations

import dataclasses
import itertools
import random
import socket
from dataclasses import dataclass
from pathlib import Path

import msgspec
import psutil

from headrace.errors import PlatformError

HOST = "127.0.0.1"

# Below the range of outgoing connections, so that no such connection takes the port of a service that is down.
_RANGE = range(20_000, 32_000)


@dataclass(frozen=True)
class Ports:
    """TCP ports on 127.0.0.1."""

    kafka: int
    controller: int
    flink_rest: int
    flink_rpc: int
    jobmanager_metrics: int
    taskmanager_metrics: int

    def named(self) -> dict[str, int]:
        """Return the ports by name."""
        return dataclasses.asdict(self)


def read(record: Path) -> Ports:
    """Return the ports that the last `choose` wrote. Raises PlatformError if they cannot be read."""
    try:
        return msgspec.json.decode(record.read_bytes(), type=Ports)
    except (OSError, msgspec.DecodeError) as error:
        raise PlatformError(f"not a record of ports: {error}", str(record), "run `headrace local down`") from None


def choose(record: Path) -> tuple[Ports, list[str]]:
    """Choose the ports and write them to `record`: those of the last run, and a new one for each that is taken.

    Returns the ports, and one message per port that was taken, which names the process that has it.
    """
    try:
        kept = read(record).named()
    except PlatformError:
        kept = {}
    messages = []
    for name, port in list(kept.items()):
        if not is_free(port):
            messages.append(f"port {port} ({name}) is taken by {holder(port)}: using another from now on")
            del kept[name]
    missing = [field.name for field in dataclasses.fields(Ports) if field.name not in kept]
    ports = Ports(**kept, **dict(zip(missing, _free_ports(len(missing), set(kept.values())), strict=True)))
    record.write_bytes(msgspec.json.encode(ports))
    return ports, messages


def listener(port: int) -> psutil.Process | None:
    """Return the process that listens on `port`; None if there is none, or if this user may not see it."""
    try:
        listening = (c for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN)
        pid = next((c.pid for c in listening if c.laddr and c.laddr.port == port), None)
        return psutil.Process(pid) if pid else None
    except psutil.Error:
        return None


def holder(port: int) -> str:
    """Return the name and pid of the process that listens on `port`, as text."""
    process = listener(port)
    return f"{process.name()} (pid {process.pid})" if process else "a process of another user"


def is_free(port: int) -> bool:
    """Return whether a server could listen on `port`."""
    with socket.socket() as probe:
        # As servers do, ignore connections of an earlier server that are still closing.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _free_ports(count: int, used: set[int]) -> list[int]:
    candidates = random.sample(_RANGE, len(_RANGE))
    free = (port for port in candidates if port not in used and is_free(port))
    return list(itertools.islice(free, count))
