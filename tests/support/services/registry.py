"""A schema registry as plants run it: Apicurio behind a gate with TLS and a password."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import secrets
import subprocess
import tarfile
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import trustme
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastavro import parse_schema, schemaless_writer

from headrace.environment.schema_registry import SchemaRegistry
from headrace.local.layout import java
from support import ROOT
from support.services.processes import HOST, free_ports, serving

USER = "plant"
_VERSION = "2.6.13.Final"
_SHA512 = (
    "11d36e7340ed8d6218755a66d3ff38fe6e9c9bd9c723eae9da131d0e1811d4d1"
    "205fd2c3da4ec052f1a1933e07d96a072ad2c620ab0854db75ef3cb5b62ee40f"
)
_PROGRAMS = ROOT / ".headrace" / f"apicurio-{_VERSION}"
_API = "/apis/ccompat/v7"
_LIMIT_S = 600


class Registry:
    """The server, which can stop and start again with its data, and the gate in front of it."""

    def __init__(self, folder: Path, password: Path) -> None:
        folder.mkdir()
        self._folder, self._password = folder, password
        self._server, self._gate = free_ports(2)
        self._running = ExitStack()
        self.status: int | None = None
        """Status that the gate answers to clients with the right password, instead of the server's."""
        self.delay_s = 0.0
        """Delay of the gate's answers."""
        self.requests = 0
        """Number of requests with the right password."""
        self.authority = trustme.CA()
        self.authority.cert_pem.write_to_path(folder / "ca.pem")
        self.authority.issue_cert(HOST).private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")

    def settings(self, **changes: Any) -> SchemaRegistry:
        """Return the registry as an environment's settings have it."""
        known = {
            "url": f"https://{HOST}:{self._gate}{_API}",
            "user": USER,
            "password": f"${{file:{self._password}}}",
            "ca": f"${{file:{self._folder / 'ca.pem'}}}",
        }
        return SchemaRegistry.model_validate({**known, **changes})

    def register(self, subject: str, schema: Any, *references: tuple[str, str], kind: str = "AVRO") -> int:
        """Register a schema as a version of the subject, and return its id. References are names and subjects.

        A schema of the kind PROTOBUF is a text, one of AVRO and JSON is JSON.
        """
        known = [{"name": name, "subject": within, "version": 1} for name, within in references]
        text = schema if kind == "PROTOBUF" else json.dumps(schema)
        body = {"schema": text, "references": known, **({} if kind == "AVRO" else {"schemaType": kind})}
        self._talk(f"subjects/{subject}/versions", json=body).raise_for_status()
        return int(self._talk(f"subjects/{subject}", json=body).json()["id"])

    def require(self, subject: str, compatibility: str) -> None:
        """Have the registry refuse versions of a known subject that are not compatible, like BACKWARD."""
        url, body = f"http://{HOST}:{self._server}{_API}/config/{subject}", {"compatibility": compatibility}
        httpx.put(url, json=body, trust_env=False, timeout=30).raise_for_status()

    def for_confluent(self) -> dict[str, str]:
        """Return the settings of the client that Confluent publishes, with the credentials of USER."""
        return {
            "url": f"https://{HOST}:{self._gate}{_API}",
            "basic.auth.user.info": f"{USER}:{self._password.read_text()}",
            "ssl.ca.location": str(self._folder / "ca.pem"),
        }

    def start(self) -> None:
        """Start the server."""
        program = next(_programs().glob("*-runner.jar"))
        variables = {
            "QUARKUS_HTTP_HOST": HOST,
            "QUARKUS_HTTP_PORT": str(self._server),
            "REGISTRY_DATASOURCE_URL": f"jdbc:h2:file:{self._folder / 'schemas'}",
            "REGISTRY_RULES_GLOBAL_COMPATIBILITY": "NONE",
        }
        command = [java(), "-Xmx256m", "-jar", str(program)]
        self._running.enter_context(serving(command, self._folder / "log", self._answers, {**os.environ, **variables}))

    def stop(self) -> None:
        """Stop the server; the gate then answers 502."""
        self._running.close()

    @contextmanager
    def gate(self) -> Iterator[None]:
        """Run the gate until the block ends."""
        app = FastAPI()
        app.add_api_route("/{path:path}", self._pass, methods=["GET", "POST"])
        pem = self._folder / "server.pem"
        config = uvicorn.Config(app, HOST, self._gate, ssl_certfile=pem, ssl_keyfile=pem, log_level="error")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            end = time.monotonic() + 30
            while not server.started:
                assert thread.is_alive()
                assert time.monotonic() < end
                time.sleep(0.05)
            yield
        finally:
            server.should_exit = True
            thread.join(30)

    async def _pass(self, request: Request) -> Response:
        return await run_in_threadpool(self._answer, request, await request.body())

    def _answer(self, request: Request, body: bytes) -> Response:
        pair = base64.b64encode(f"{USER}:{self._password.read_text()}".encode()).decode()
        if not secrets.compare_digest(request.headers.get("authorization", "").encode(), f"Basic {pair}".encode()):
            return Response("who is there?", 401, {"www-authenticate": "Basic"})
        self.requests += 1
        time.sleep(self.delay_s)
        if self.status:
            return Response("made up by a test", self.status)
        try:
            url, kind = request.url.replace(scheme="http", port=self._server), {"content-type": "application/json"}
            answer = httpx.request(request.method, str(url), content=body, headers=kind, trust_env=False, timeout=30)
        except httpx.HTTPError:
            return Response("nobody there", 502)
        return Response(answer.content, answer.status_code, media_type=answer.headers.get("content-type"))

    def _talk(self, path: str, **options: Any) -> httpx.Response:
        return httpx.post(f"http://{HOST}:{self._server}{_API}/{path}", trust_env=False, timeout=30, **options)

    def _answers(self) -> bool:
        try:
            return httpx.get(f"http://{HOST}:{self._server}{_API}/subjects", trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False


@contextmanager
def registry(folder: Path, password: Path) -> Iterator[Registry]:
    """Run a registry with its schemas in `folder`, which USER can read with the password in a file."""
    server = Registry(folder, password)
    server.start()
    try:
        with server.gate():
            yield server
    finally:
        server.stop()


def framed(number: int, schema: Any, record: Any) -> bytes:
    """Return the record as a registry's clients write it: a zero byte, the schema's id and the Avro bytes."""
    stream = io.BytesIO()
    schemaless_writer(stream, parse_schema(schema), record)
    return b"\0" + number.to_bytes(4, "big") + stream.getvalue()


def _programs() -> Path:
    """Return the folder of the registry's jars, 142 MB, downloaded by Maven on first use."""
    if not _PROGRAMS.is_dir():
        _PROGRAMS.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=_PROGRAMS.parent) as within:
            artifact = f"io.apicurio:apicurio-registry-app:{_VERSION}:tar.gz:all"
            copy = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy"
            command = ["mvn", "-q", "-B", copy, f"-Dartifact={artifact}", f"-DoutputDirectory={within}"]
            subprocess.run(command, timeout=_LIMIT_S, check=True, cwd=within, capture_output=True)
            (package,) = Path(within).glob("*.tar.gz")
            digest = hashlib.sha512(package.read_bytes()).hexdigest()
            assert digest == _SHA512, f"{package.name} does not have the expected digest"
            with tarfile.open(package) as files:
                files.extractall(Path(within) / "unpacked", filter="data")
            (Path(within) / "unpacked").rename(_PROGRAMS)
    return _PROGRAMS
