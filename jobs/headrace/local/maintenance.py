"""The service that runs `headrace maintain` while the platform is up, so that its tables do not become slow."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from headrace.local.layout import Layout

FIRST_S, EVERY_S = 600, 3600
"""Seconds from the start of the platform to the first run, and from the end of a run to the next."""
# A shell, because Python would hold 50 MB of memory while it waits. A run that fails has its errors in the log.
_LOOP = 'sleep "$0"; every=$1; shift; while :; do "$@"; sleep "$every"; done'


def command(layout: Layout) -> list[str]:
    """Return the command of the service."""
    folders = [f"HEADRACE_PROJECT={layout.root}", f"HEADRACE_HOME={layout.home}"]
    return repeated(["nice", "env", *folders, sys.executable, "-I", "-m", "headrace", "maintain"])


def repeated(program: Sequence[str]) -> list[str]:
    """Return the command that runs the program again and again, also after it has failed."""
    return ["/bin/sh", "-c", _LOOP, str(FIRST_S), str(EVERY_S), *program]
