"""OpenLineage's listener in a Flink home for one test, and a service that receives its events."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from support.services.processes import HOST

_LIMIT_S = 300


@dataclass
class Service:
    """A service and the events posted to its `address`, in order; each is answered with `status`."""

    address: str = ""
    status: int = 200
    events: list[dict[str, Any]] = field(default_factory=list)
    keys: set[str | None] = field(default_factory=set)
    """The Authorization headers of the events."""

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Return the events of a type: START, RUNNING, COMPLETE..."""
        return [event for event in self.events if event["eventType"] == kind]


@contextmanager
def service() -> Iterator[Service]:
    """Yield a service that listens until the block ends."""
    receiver = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Store the event and answer it."""
            event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            receiver.keys.add(self.headers["Authorization"])
            receiver.events.append(event)
            self.send_response(receiver.status if self.path == "/api/v1/lineage" else 404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer((HOST, 0), Handler)
    receiver.address = f"http://{HOST}:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def programs(root: Path, folder: Path) -> Path:
    """Return a folder whose `flink` is a copy of the home that `./run` set up, with the listener in its lib."""
    shutil.copytree(
        root / ".headrace" / "flink",
        folder / "flink",
        symlinks=True,
        ignore=shutil.ignore_patterns("openlineage-*", "classes.jsa", "log"),
    )
    shutil.copy(_jar(root), folder / "flink" / "lib")
    return folder


def _jar(root: Path) -> Path:
    lines = (line.split() for line in (root / "jars.sha256").read_text().splitlines())
    ((digest, name),) = ((total, name) for total, name in lines if name.startswith("openlineage/"))
    jar = root / ".headrace" / "tests" / name
    if not jar.is_file():
        copy = ["dependency:copy-dependencies", "-DexcludeTransitive=true", f"-DoutputDirectory={jar.parent}"]
        subprocess.run(
            ["mvn", "-q", "-B", "-f", root / "pom.xml", "-Popenlineage", *copy], timeout=_LIMIT_S, check=True
        )
    assert sha256(jar.read_bytes()).hexdigest() == digest, f"{jar} does not match jars.sha256"
    return jar
