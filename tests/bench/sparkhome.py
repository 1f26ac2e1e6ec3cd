"""PySpark and its jars, fetched on first use into .headrace/bench, apart from all that the line runs on."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
from hashlib import sha256
from pathlib import Path

_HERE = Path(__file__).parent
_LOCKS = ("requirements-build.lock", "requirements.lock")
_LIMIT_S = 1200


def folder() -> Path:
    """Beside what `./run` made, whatever home the bench has."""
    return _HERE.parents[1] / ".headrace" / "bench"


def jars() -> list[Path]:
    return sorted((folder() / "jars").glob("*.jar"))


def python() -> Path:
    return folder() / "spark" / "bin" / "python"


def make() -> None:
    """Install what is missing, each file checked against its sum."""
    sources = [_HERE / name for name in (*_LOCKS, "pom.xml", "jars.sha256")]
    wanted = sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
    stamp = folder() / "stamp"
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    _fetch_jars()
    _install()
    stamp.write_text(wanted)


def _fetch_jars() -> None:
    goal = ["dependency:copy-dependencies", "-DexcludeTransitive=true", f"-DoutputDirectory={folder() / 'jars'}"]
    _call(["mvn", "-q", "-B", "-f", str(_HERE / "pom.xml"), *goal])
    sums = dict(line.split()[::-1] for line in (_HERE / "jars.sha256").read_text().splitlines())
    found = {path.name: sha256(path.read_bytes()).hexdigest() for path in jars()}
    if found != sums:
        raise RuntimeError(f"the jars in {folder() / 'jars'} are not those of jars.sha256")


def _install() -> None:
    """PySpark with a Py4J of its own; pandas, pyarrow and the decoder are those that the line uses."""
    venv.create(folder() / "spark", clear=True, with_pip=True)
    own = folder() / "spark" / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    for lock in _LOCKS:
        arguments = ["--no-input", "--no-deps", "--no-build-isolation", "--require-hashes", "-r", str(_HERE / lock)]
        _call([str(folder() / "spark" / "bin" / "python"), "-m", "pip", "install", *arguments])
    shared = sysconfig.get_path("purelib")
    (own / "shared.pth").write_text(f"import site; site.addsitedir({shared!r})\n")


def _call(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=_LIMIT_S, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed:\n{(done.stdout + done.stderr)[-4000:]}")
