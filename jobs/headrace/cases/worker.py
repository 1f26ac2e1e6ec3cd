"""Python workers as threads of this process: a case would else wait seconds for a process to import PyFlink.

Flink starts a worker by running `python.executable` with the arguments of PyFlink's boot script. Given is a small
program that hands them on over a socket, and stays for as long as the worker does.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import pyflink

_PROGRAM = """#!{python} -IS
import json, os, socket, sys
if sys.argv[1] == "-c":
    print({scripts!r})
else:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect({address!r})
        connection.sendall(json.dumps([sys.argv[1:], dict(os.environ)]).encode())
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1)
"""


class WorkerThreads:
    """Runs each worker that `program` is started for in a thread, until the listener is closed."""

    def __init__(self, folder: Path, jvm: Mapping[str, str]) -> None:
        """`jvm` is the environment of the process that Flink runs in."""
        address = folder / "workers"
        self.program = folder / "python"
        scripts = str(Path(pyflink.__file__).parent / "bin")
        self.program.write_text(_PROGRAM.format(python=sys.executable, scripts=scripts, address=str(address)))
        self.program.chmod(0o755)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(address))
        self._listener.listen()
        self._was = threading.excepthook
        self._jvm = dict(jvm)
        threading.excepthook = self._told
        threading.Thread(target=self._accept, name="headrace-workers", daemon=True).start()

    def close(self) -> None:
        self._listener.close()
        threading.excepthook = self._was

    def _told(self, raised: threading.ExceptHookArgs) -> None:
        """A job that ends hangs up on the threads that Beam reads with, which is no error of anybody's."""
        if not (raised.thread and raised.thread.name.startswith(("read_grpc_client_inputs", "read_state"))):
            self._was(raised)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:  # closed
                return
            threading.Thread(target=_work, args=(connection, self._jvm), daemon=True).start()


def _work(connection: socket.socket, jvm: dict[str, str]) -> None:
    from apache_beam.portability.api import beam_fn_api_pb2, endpoints_pb2  # noqa: PLC0415 - a second to import
    from apache_beam.runners.worker import sdk_worker  # noqa: PLC0415
    from pyflink.fn_execution.beam.beam_worker_pool_service import (  # noqa: PLC0415
        BeamFnLoopbackWorkerPoolServicer,
    )

    # What is raised in a worker goes to Flink, which tells of it: Beam prints its stack trace as well.
    vars(sdk_worker)["print"] = _unsaid
    with connection:
        arguments, environment = json.loads(b"".join(iter(lambda: connection.recv(2**16), b"")))
        # PyFlink makes them variables of this process, for whom those of the JVM may be of long ago.
        for_worker = {name: value for name, value in environment.items() if jvm.get(name) != value}
        before = {name: os.environ.get(name) for name in for_worker}
        options = dict(each.removeprefix("--").split("=", 1) for each in arguments if each.startswith("--"))
        provision = endpoints_pb2.ApiServiceDescriptor(url=options["provision_endpoint"])
        request = beam_fn_api_pb2.StartWorkerRequest(
            worker_id=options["id"], provision_endpoint=provision, params=for_worker
        )
        # PyFlink has one servicer, which each call of its class makes anew under those that it serves: two workers that
        # start at once would then lose a lock, and one of them its start. Here each has a servicer of its own.
        servicer = object.__new__(BeamFnLoopbackWorkerPoolServicer)
        servicer.__init__()
        try:
            if failure := servicer.StartWorker(request, None).error:
                raise RuntimeError(failure)
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value


def _unsaid(*_values: object, **_options: object) -> None:
    """In place of print."""
