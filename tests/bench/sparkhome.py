"""PySpark and its jars, downloaded on first use."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from bench import packages

_HERE = Path(__file__).parent
_LOCKS = [_HERE / name for name in ("requirements-build.lock", "requirements.lock")]


def jars() -> list[Path]:
    """Return the jars that Spark loads."""
    return sorted((packages.folder() / "jars").glob("*.jar"))


def python() -> Path:
    """Return the interpreter that has PySpark."""
    return packages.python("spark")


def make() -> None:
    """Install what is missing, each file checked against its hash."""
    packages.once("spark", [*_LOCKS, _HERE / "pom.xml", _HERE / "jars.sha256"], _install)


def _install() -> None:
    """Install PySpark with its own Py4J; pandas, pyarrow and the decoder are those of the line."""
    _fetch_jars()
    packages.install("spark", _LOCKS)


def _fetch_jars() -> None:
    goal = [
        "dependency:copy-dependencies",
        "-DexcludeTransitive=true",
        f"-DoutputDirectory={packages.folder() / 'jars'}",
    ]
    packages.call(["mvn", "-q", "-B", "-f", str(_HERE / "pom.xml"), *goal])
    expected = dict(line.split()[::-1] for line in (_HERE / "jars.sha256").read_text().splitlines())
    hashes = {path.name: sha256(path.read_bytes()).hexdigest() for path in jars()}
    if hashes != expected:
        raise RuntimeError(f"the jars in {packages.folder() / 'jars'} are not those of jars.sha256")


if __name__ == "__main__":
    make()
