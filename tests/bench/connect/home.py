"""Kafka Connect's jars, downloaded on first use."""

from __future__ import annotations

import shutil
from hashlib import sha256
from pathlib import Path

from bench import packages

_HERE = Path(__file__).parent


def jars() -> Path:
    """Return the folder of the jars."""
    return packages.folder() / "connect"


def make() -> None:
    """Download what is missing, each file checked against its hash."""
    packages.once("connect", [_HERE / "pom.xml", _HERE / "jars.sha256"], _fetch)


def _fetch() -> None:
    shutil.rmtree(jars(), ignore_errors=True)
    goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={jars()}"]
    packages.call(["mvn", "-q", "-B", "-f", str(_HERE / "pom.xml"), *goal])
    expected = dict(line.split()[::-1] for line in (_HERE / "jars.sha256").read_text().splitlines())
    if {path.name: sha256(path.read_bytes()).hexdigest() for path in jars().glob("*.jar")} != expected:
        raise RuntimeError(f"the jars in {jars()} are not those of jars.sha256")
