"""What a server that is not Flink answers is reported as a fault of the service."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from headrace.environment.flink_rest import Cluster
from headrace.errors import PlatformError


@contextmanager
def server(status: int, body: bytes) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{http.server_port}"
        finally:
            http.shutdown()
            thread.join(10)


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (502, b"<html>Bad Gateway</html>", "Flink refused GET /overview: HTTP 502"),
        (404, b'{"errors": ["not found"]}', "Flink refused GET /overview: not found"),
        (500, b'["odd"]', "Flink refused GET /overview: HTTP 500"),
        (200, b"<html>Welcome</html>", "GET /overview is not answered with JSON"),
    ],
)
def test_an_answer_that_is_not_flinks_is_a_platform_error(status: int, body: bytes, message: str) -> None:
    with server(status, body) as address, pytest.raises(PlatformError, match=message):
        Cluster(address).slots()
