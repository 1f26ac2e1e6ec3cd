"""What supervisord runs for each service: clear up after the service's last life, then become the service."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from headrace.local import processes


def main() -> None:
    """Arguments: the file that each start is written to, then the service's command."""
    starts, *command = sys.argv[1:]
    # A TaskManager that is killed leaves its Python workers behind, and they would hold memory for ever.
    ended = processes.end(Path(os.environ[processes.MARKER]), os.environ[processes.SERVICE])
    with Path(starts).open("a", encoding="utf-8") as record:
        record.write(f"{time.time():.3f} after {ended} leftover processes\n")
    os.execvp(command[0], command)  # noqa: S606


if __name__ == "__main__":
    main()
