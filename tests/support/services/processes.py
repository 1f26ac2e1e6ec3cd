"""Run a server process until a block ends, even if the block fails."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from random import SystemRandom

from headrace.local.ports import is_free

HOST = "127.0.0.1"
# Below those of outgoing connections, which would take one before its server starts, and of the local platform.
_PORTS = range(10_000, 20_000)
START_LIMIT_S = 120
STOP_LIMIT_S = 15
SHORT_LIVED_JAVA = {"JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m -XX:+UseSerialGC"}
"""Environment for Java services that run for minutes: optimising their code costs more than it brings."""


def free_ports(count: int) -> list[int]:
    """Return different ports of this machine on which no process listens."""
    candidates = SystemRandom().sample(_PORTS, len(_PORTS))
    return [*islice(filter(is_free, candidates), count)]


@contextmanager
def serving(
    command: list[str],
    log: Path,
    ready: Callable[[], bool],
    environment: Mapping[str, str] | None = None,
    user: int | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run `command` in the folder of its `log`, as `user` if given. The block starts when it is `ready`."""
    variables = {**(os.environ if environment is None else environment), **SHORT_LIVED_JAVA}
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=log.parent, env=variables, user=user, group=user, stdout=out, stderr=subprocess.STDOUT
        )
    try:
        end = time.monotonic() + START_LIMIT_S
        while not ready():
            assert process.poll() is None, f"{command[0]} ended: {log.read_text()[-2000:]}"
            assert time.monotonic() < end, f"{command[0]} is not ready: {log.read_text()[-2000:]}"
            time.sleep(0.1)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_LIMIT_S)
