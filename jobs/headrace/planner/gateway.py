"""PyFlink's Java process, which plans jobs."""

from __future__ import annotations

import atexit
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen
from typing import Any

from headrace.environment import java_classes
from headrace.environment.java_errors import root_cause
from headrace.errors import PlatformError
from headrace.project.paths import Project

_OPTIONS = "JVM_ARGS"
# The process is too short-lived to benefit from optimised code: planning takes half the time with the first compiler
# alone. The code cache has the size that Java reserves for all of its compilers. For one compiler it would reserve a
# fifth, which a hundred jobs fill.
_SHORT_LIVED = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m -XX:+UseSerialGC"

# Java writes its warnings, as of an archive of classes from other jars, to the standard output: that of the command.
_WARNINGS = "-Xlog:disable -Xlog:all=warning:stderr"

# Java's options are in a variable of this process while it starts.
_ONE_START = threading.Lock()


def flink_home(project: Project) -> str:
    """Return the folder of the Flink that plans jobs: FLINK_HOME, or the one that ./run has set up."""
    return os.environ.get("FLINK_HOME") or str(project.root / ".headrace" / "flink")


def start(project: Project):  # type: ignore[no-untyped-def]
    """Return PyFlink's gateway, starting its Java process if necessary. Raises PlatformError if Java does not start."""
    with _ONE_START:
        return _started(project)


def _started(project: Project):  # type: ignore[no-untyped-def]
    os.environ.setdefault("FLINK_HOME", flink_home(project))
    from pyflink.java_gateway import get_gateway  # noqa: PLC0415 - importing PyFlink costs a second

    from headrace.planner import java_names  # noqa: PLC0415 - imports py4j

    before = os.environ.get(_OPTIONS)
    os.environ[_OPTIONS] = " ".join(
        [_WARNINGS, before or "", _SHORT_LIVED, *java_classes.options(Path(os.environ["FLINK_HOME"]))]
    ).strip()
    try:
        with _no_half_start():
            gateway = get_gateway()
    except (RuntimeError, OSError) as error:
        what = f"Java does not start: {root_cause(str(error)) or type(error).__name__}"
        raise PlatformError(what, os.environ["FLINK_HOME"], "set the project up: ./run") from None
    finally:
        # Flink's own scripts read the variable too, and the processes that they start are long-lived.
        os.environ.pop(_OPTIONS)
        if before is not None:
            os.environ[_OPTIONS] = before
    if not isinstance(gateway._gateway_client.deque, _Connections):
        gateway._gateway_client.deque = _Connections()
    java_names.keep(gateway)
    return gateway


@contextmanager
def _no_half_start() -> Iterator[None]:
    """Let PyFlink start Java in such a way that a process which ends meanwhile leaves neither Java nor its folder."""
    from pyflink import java_gateway  # noqa: PLC0415 - importing PyFlink costs a second

    launch: Callable[..., Popen[bytes]] = java_gateway.launch_gateway_server_process

    def launched(environment: dict[str, str], arguments: list[str]) -> Popen[bytes]:
        process = launch(environment, arguments)
        # PyFlink deletes this folder as soon as Java has started; after that, Java ends with this process.
        atexit.register(_end_start, process, Path(environment["_PYFLINK_CONN_INFO_PATH"]).parent)
        return process

    java_gateway.launch_gateway_server_process = launched
    try:
        yield
    finally:
        java_gateway.launch_gateway_server_process = launch


def _end_start(process: Popen[bytes], folder: Path) -> None:
    if folder.exists():
        process.kill()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


class _Connections(threading.local):
    """py4j's free connections, separate for each thread.

    Each connection is a thread in Java, and Flink's planner keeps the state of a plan in that thread. Two plans at once
    that shared connections would find each other's state.
    """

    def __init__(self) -> None:
        self._free: list[Any] = []
        self.append = self._free.append
        self.pop = self._free.pop

    def __len__(self) -> int:
        return len(self._free)
