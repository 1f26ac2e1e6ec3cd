"""Python workers as threads of this process. A process per worker would take seconds to import PyFlink.

Flink starts a worker by running `python.executable` with the arguments of PyFlink's boot script. Here that is a small
program that passes the arguments on over a socket, and runs for as long as the worker does.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
from pathlib import Path

import pyflink

_PROGRAM = """#!{python} -IS
import json, socket, sys
if sys.argv[1] == "-c":
    print({scripts!r})
else:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect({address!r})
        connection.sendall(json.dumps(sys.argv[1:]).encode())
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1)
"""
# PyFlink's coders read it from a worker's environment. It is UTC for every job.
_TIME_ZONE = "TABLE_LOCAL_TIME_ZONE"


class WorkerThreads:
    """Run a thread for each start of `program`, until closed."""

    def __init__(self, folder: Path) -> None:
        address = folder / "workers"
        self.program = folder / "python"
        scripts = str(Path(pyflink.__file__).parent / "bin")
        self.program.write_text(_PROGRAM.format(python=sys.executable, scripts=scripts, address=str(address)))
        self.program.chmod(0o755)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(address))
        self._listener.listen()
        self._was = threading.excepthook
        threading.excepthook = self._report
        os.environ[_TIME_ZONE] = "UTC"
        threading.Thread(target=self._accept, name="headrace-workers", daemon=True).start()

    def close(self) -> None:
        """Stop taking workers, and undo the changes to this process."""
        self._listener.close()
        threading.excepthook = self._was
        os.environ.pop(_TIME_ZONE, None)

    def _report(self, raised: threading.ExceptHookArgs) -> None:
        """Ignore the end of Beam's reading threads, whose connections Flink closes when a job ends."""
        if not (raised.thread and raised.thread.name.startswith(("read_grpc_client_inputs", "read_state"))):
            self._was(raised)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:  # closed
                return
            threading.Thread(target=_work, args=(connection,), daemon=True).start()


def load() -> None:
    """Import what a worker needs, which takes a second, before the first one starts."""
    from pyflink.fn_execution.beam import beam_worker_pool_service  # noqa: F401, PLC0415


def _work(connection: socket.socket) -> None:
    from apache_beam.portability.api import beam_fn_api_pb2, endpoints_pb2  # noqa: PLC0415 - see `load`
    from apache_beam.runners.worker import sdk_worker  # noqa: PLC0415
    from pyflink.fn_execution.beam.beam_worker_pool_service import (  # noqa: PLC0415
        BeamFnLoopbackWorkerPoolServicer,
    )

    # A worker's exception goes to Flink, which reports it. Beam would print its stack trace as well.
    vars(sdk_worker)["print"] = _ignore
    with connection:
        arguments = json.loads(b"".join(iter(lambda: connection.recv(2**16), b"")))
        options = dict(each.removeprefix("--").split("=", 1) for each in arguments if each.startswith("--"))
        provision = endpoints_pb2.ApiServiceDescriptor(url=options["provision_endpoint"])
        # No environment variables: they would become those of this process, and so of every other worker.
        request = beam_fn_api_pb2.StartWorkerRequest(worker_id=options["id"], provision_endpoint=provision)
        # PyFlink's servicer is a singleton, and each call of its class runs __init__ on it again. Of two workers that
        # start at once, one would lose its lock and never start. Here each worker has a servicer of its own.
        servicer = object.__new__(BeamFnLoopbackWorkerPoolServicer)
        servicer.__init__()
        if failure := servicer.StartWorker(request, None).error:
            raise RuntimeError(failure)


def _ignore(*_values: object, **_options: object) -> None:
    """Stand in for `print`, and print nothing."""
