"""Processes of one platform, identified by a marker in their environment that every child inherits."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

import psutil
import tenacity

MARKER = "HEADRACE_LOCAL"
"""Environment variable with the platform's state folder."""
# supervisord sets it to each program's name, and the program's children inherit it.
SERVICE = "SUPERVISOR_PROCESS_NAME"

_SIGNAL_LIMIT_S = 5


def find(state: Path, service: str | None = None) -> list[psutil.Process]:
    """Return the processes of the platform at `state`, or of one of its services, except this one and its ancestors."""
    own = {os.getpid(), *(p.pid for p in psutil.Process().parents())}
    return [p for p in psutil.process_iter() if p.pid not in own and _belongs(p, str(state), service)]


def end(state: Path, service: str | None = None) -> int:
    """Terminate the processes that `find` returns, kill those that do not end, and return how many there were."""
    running = find(state, service)
    _send(running, signal.SIGTERM)
    # Search again: this also ends processes started meanwhile, and skips zombies that no parent reaps.
    _send(find(state, service), signal.SIGKILL)
    return len(running)


def wait_for_end(processes: list[psutil.Process], limit_s: float) -> None:
    """Wait until all processes have ended and released their ports, but at most `limit_s` seconds."""
    tenacity.Retrying(
        retry=tenacity.retry_if_result(bool),
        stop=tenacity.stop_after_delay(limit_s),
        wait=tenacity.wait_fixed(0.1),
        retry_error_callback=lambda _: None,
    )(lambda: any(_is_alive(process) for process in processes))


def _is_alive(process: psutil.Process) -> bool:
    try:
        # A zombie has ended, even if its parent never reaps it, unless its threads are still closing files.
        return process.is_running() and (process.status() != psutil.STATUS_ZOMBIE or process.num_threads() > 1)
    except psutil.NoSuchProcess:
        return False


def _send(processes: list[psutil.Process], sent: signal.Signals) -> None:
    for process in processes:
        with suppress(psutil.Error):
            process.send_signal(sent)
    wait_for_end(processes, _SIGNAL_LIMIT_S)


def _belongs(process: psutil.Process, state: str, service: str | None) -> bool:
    try:
        environ = process.environ()
    except psutil.Error:
        return False
    return environ.get(MARKER) == state and service in (None, environ.get(SERVICE))
