"""An HTTP proxy in front of the REST catalog that injects faults."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

from support.services.processes import HOST

_COMMIT = re.compile(r"/v1/.*namespaces/[^/]+/tables/[^/?]+")
_OWN_HEADERS = {"transfer-encoding", "content-length", "content-encoding", "connection", "date", "server"}
SLOW_S = 8


class Fault(Enum):
    """A fault of a commit, or with DOWN of every request."""

    CONFLICT = auto()
    """409: another was faster. The commit is not made."""
    FAILS = auto()
    """500, and the commit is not made."""
    FAILS_AFTERWARDS = auto()
    """500, and the commit is made."""
    ANSWER_LOST = auto()
    """The commit is made, and the connection is closed without an answer."""
    SLOW = auto()
    """The commit takes SLOW_S seconds."""
    DOWN = auto()
    """No request is answered."""


class Proxy:
    """Forward every request to `server`, except those for which a fault is set."""

    def __init__(self, server: str) -> None:
        self.server = server
        self.address = ""
        self.injected = 0
        self._fault: Fault | None = None
        self._lock = threading.Lock()
        self._left = 0

    def inject(self, fault: Fault, times: int) -> None:
        """Inject the fault into the next commits, or into the next requests if it is DOWN."""
        with self._lock:
            self._fault, self._left, self.injected = fault, times, 0

    def next_fault(self, method: str, path: str) -> Fault | None:
        """Return the fault for this request, and count it."""
        with self._lock:
            commits = method == "POST" and _COMMIT.fullmatch(path) is not None
            if not self._left or not (commits or self._fault is Fault.DOWN):
                return None
            self._left -= 1
            self.injected += 1
            return self._fault


@contextmanager
def proxy(server: str) -> Iterator[Proxy]:
    """Run a proxy in front of the server at this address."""
    faulty = Proxy(server)
    with httpx.Client(base_url=server, trust_env=False, timeout=60) as client, _Listening(faulty, client) as listening:
        faulty.address = f"http://{HOST}:{listening.server_port}"
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        try:
            yield faulty
        finally:
            listening.shutdown()


class _Listening(ThreadingHTTPServer):
    def __init__(self, proxy: Proxy, client: httpx.Client) -> None:
        self.proxy, self.client = proxy, client
        super().__init__((HOST, 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Listening
    protocol_version = "HTTP/1.1"

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        fault = self.server.proxy.next_fault(self.command, self.path)
        if fault is Fault.SLOW:
            time.sleep(SLOW_S)
        answer = None if fault in _UNMADE else self._forward(body)
        if fault in {Fault.DOWN, Fault.ANSWER_LOST}:
            self.close_connection = True
        elif fault in _ERRORS:
            self._answer(*_ERRORS[fault])
        elif answer:
            self._answer(answer.status_code, answer.content, answer.headers)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815 - names of the base class

    def _forward(self, body: bytes) -> httpx.Response:
        headers = {name: value for name, value in self.headers.items() if name.lower() not in {"host", "connection"}}
        return self.server.client.request(self.command, self.path, content=body, headers=headers)

    def _answer(self, code: int, content: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(code)
        for name, value in headers.items():
            if name.lower() not in _OWN_HEADERS:
                self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_message: object) -> None:
        """Log nothing: the catalog's own log has the requests."""


def _error(code: int, kind: str) -> tuple[int, bytes, Mapping[str, str]]:
    body = {"error": {"message": "made up by a test", "type": kind, "code": code}}
    return code, json.dumps(body).encode(), {"content-type": "application/json"}


_UNMADE = {Fault.CONFLICT, Fault.FAILS, Fault.DOWN}
_ERRORS = {
    Fault.CONFLICT: _error(409, "CommitFailedException"),
    Fault.FAILS: _error(500, "InternalServerError"),
    Fault.FAILS_AFTERWARDS: _error(500, "InternalServerError"),
}
