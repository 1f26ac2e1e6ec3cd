"""OpenLineage's listener in a Flink home of a test's own, and a service that takes what it sends."""

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
    """What was posted to `address`, in order; each is answered with `status`."""

    address: str = ""
    status: int = 200
    events: list[dict[str, Any]] = field(default_factory=list)
    keys: set[str | None] = field(default_factory=set)
    """What they were signed with."""

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The events of a type: START, RUNNING, COMPLETE..."""
        return [event for event in self.events if event["eventType"] == kind]


@contextmanager
def service() -> Iterator[Service]:
    """One that listens until the block ends."""
    made = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            made.keys.add(self.headers["Authorization"])
            made.events.append(event)
            self.send_response(made.status if self.path == "/api/v1/lineage" else 404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer((HOST, 0), Handler)
    made.address = f"http://{HOST}:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def programs(root: Path, folder: Path) -> Path:
    """A folder whose `flink` is the home that `./run` made, with the listener in its lib."""
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
    ((wanted, name),) = ((total, name) for total, name in lines if name.startswith("openlineage/"))
    jar = root / ".headrace" / "tests" / name
    if not jar.is_file():
        copy = ["dependency:copy-dependencies", "-DexcludeTransitive=true", f"-DoutputDirectory={jar.parent}"]
        subprocess.run(
            ["mvn", "-q", "-B", "-f", root / "pom.xml", "-Popenlineage", *copy], timeout=_LIMIT_S, check=True
        )
    assert sha256(jar.read_bytes()).hexdigest() == wanted, f"{jar} is not the one of jars.sha256"
    return jar
