"""The program that supervisord runs for each service: clean up after its previous process, then become the service."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from headrace.local import processes


def main() -> None:
    """Start the service. Arguments: the file that records each start, then the service's command."""
    starts, *command = sys.argv[1:]
    # A killed TaskManager leaves its Python workers behind, and they would hold memory indefinitely.
    ended = processes.end(Path(os.environ[processes.MARKER]), os.environ[processes.SERVICE])
    with Path(starts).open("a", encoding="utf-8") as record:
        record.write(f"{time.time():.3f} after {ended} leftover processes\n")
    os.execvp(command[0], command)  # noqa: S606


if __name__ == "__main__":
    main()
