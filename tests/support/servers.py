"""HTTP servers of tests: one that gives the same answer to everything, and one that asks for certificates."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from pathlib import Path

from headrace.environment.flink_tls import AUTHORITY, CERTIFICATE, KEY


@contextmanager
def server(status: int, body: bytes) -> Iterator[str]:
    """A server that answers each GET so, at the address that is yielded."""

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


class Echo(BaseHTTPRequestHandler):
    """Answers a post with its body, and a get with the subject of the client's certificate."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        peer = self.connection.getpeercert()
        self._answer(str(peer["subject"]).encode())

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"])))

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def asking_for_certificates(folder: Path) -> Iterator[str]:
    """Run an Echo that asks for a certificate of the folder's authority; yields its address, https://host:port."""
    known = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=folder / AUTHORITY)
    known.load_cert_chain(folder / CERTIFICATE, folder / KEY)
    known.verify_mode = ssl.CERT_REQUIRED
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as running:
        running.socket = known.wrap_socket(running.socket, server_side=True)
        thread = threading.Thread(target=running.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"https://127.0.0.1:{running.server_port}"
        finally:
            running.shutdown()
            thread.join()
