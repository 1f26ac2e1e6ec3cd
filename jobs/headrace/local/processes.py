"""Processes of one platform, known by a marker in their environment that every child inherits."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

import psutil
import tenacity

MARKER = "HEADRACE_LOCAL"
# supervisord tells each program its own name; whatever the program starts inherits it.
SERVICE = "SUPERVISOR_PROCESS_NAME"

_SIGNAL_LIMIT_S = 5


def find(state: Path, service: str | None = None) -> list[psutil.Process]:
    """Live processes of the platform at `state` (of one service of it), without this one and its ancestors."""
    own = {os.getpid(), *(p.pid for p in psutil.Process().parents())}
    return [p for p in psutil.process_iter() if p.pid not in own and _belongs(p, str(state), service)]


def end(state: Path, service: str | None = None) -> int:
    """End those that `find` finds, by force where asking does not help; the number there were."""
    found = find(state, service)
    _send(found, signal.SIGTERM)
    # Asked anew: what was started in between is ended too, and a zombie that nobody reaps is no longer found.
    _send(find(state, service), signal.SIGKILL)
    return len(found)


def wait_for_end(processes: list[psutil.Process], limit_s: float) -> None:
    """Return once all have ended, ports and all, or `limit_s` have passed."""
    tenacity.Retrying(
        retry=tenacity.retry_if_result(bool),
        stop=tenacity.stop_after_delay(limit_s),
        wait=tenacity.wait_fixed(0.1),
        retry_error_callback=lambda _: None,
    )(lambda: any(_is_alive(process) for process in processes))


def _is_alive(process: psutil.Process) -> bool:
    try:
        # A zombie has ended, whether or not its parent ever asks; unless threads of it are still closing files.
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
