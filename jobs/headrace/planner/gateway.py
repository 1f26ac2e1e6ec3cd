"""PyFlink's Java, which plans a job in a process beside this one."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

from headrace.environment.java_errors import root_cause
from headrace.errors import PlatformError
from headrace.project.paths import Project

_OPTIONS = "JVM_ARGS"
# It lives too short to gain by code compiled to run fast: planning costs half as much without. The room for code is
# what Java takes with all its compilers: of one alone, it takes a fifth, which a hundred jobs fill.
_SHORT_LIVED = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m -XX:+UseSerialGC"


# Left in Flink's home by the set-up: Java then loads a plan's classes in a third of the time.
CLASSES = "classes.jsa"


def flink_home(project: Project) -> str:
    """The folder of the Flink that plans jobs: what FLINK_HOME says, else what ./run has made."""
    return os.environ.get("FLINK_HOME") or str(project.root / ".headrace" / "flink")


def start(project: Project):  # type: ignore[no-untyped-def]
    """PyFlink's gateway, whose Java is started where it does not run. Raises PlatformError where it does not start."""
    os.environ.setdefault("FLINK_HOME", flink_home(project))
    from pyflink.java_gateway import get_gateway  # noqa: PLC0415 - importing PyFlink costs a second

    before = os.environ.get(_OPTIONS)
    os.environ[_OPTIONS] = " ".join([before or "", _SHORT_LIVED, *_archive()]).strip()
    try:
        gateway = get_gateway()
    except (RuntimeError, OSError) as error:
        what = f"Java does not start: {root_cause(str(error)) or type(error).__name__}"
        raise PlatformError(what, os.environ["FLINK_HOME"], "set the project up: ./run") from None
    finally:
        # Flink's own scripts read it too, and what they start lives long.
        os.environ.pop(_OPTIONS)
        if before is not None:
            os.environ[_OPTIONS] = before
    if not isinstance(gateway._gateway_client.deque, _Connections):
        gateway._gateway_client.deque = _Connections()
    return gateway


class _Connections(threading.local):
    """py4j's free connections, each thread's its own.

    A connection is a thread of Java, and there Flink's planner leaves what its next step looks up: two plans at once,
    each on whichever connection is free, do not find their own.
    """

    def __init__(self) -> None:
        self._free: list[Any] = []
        self.append = self._free.append
        self.pop = self._free.pop

    def __len__(self) -> int:
        return len(self._free)


def _archive() -> list[str]:
    archive = Path(os.environ["FLINK_HOME"]) / CLASSES
    return [f"-XX:SharedArchiveFile={archive}"] if archive.is_file() else []
