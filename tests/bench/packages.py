"""The packages of rivals, each in a separate environment in .headrace/bench, apart from those of the line."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path

HERE = Path(__file__).parent
_LIMIT_S = 1200


def folder() -> Path:
    """The folder next to what `./run` installed, independent of the home of the benchmark."""
    return HERE.parents[1] / ".headrace" / "bench"


def python(name: str) -> Path:
    """Return the interpreter of an environment."""
    return folder() / name / "bin" / "python"


def once(name: str, sources: Sequence[Path], make: Callable[[], None]) -> None:
    """Call `make` unless that has been done with these sources."""
    digest = sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
    stamp = folder() / f"{name}.stamp"
    if stamp.is_file() and stamp.read_text() == digest:
        return
    make()
    stamp.write_text(digest)


def install(name: str, locks: Sequence[Path]) -> None:
    """Install what the locks name, each file checked against its hash; all other packages are those of the line."""
    venv.create(folder() / name, clear=True, with_pip=True)
    own = folder() / name / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    for lock in locks:
        arguments = ["--no-input", "--no-deps", "--no-build-isolation", "--require-hashes", "-r", str(lock)]
        call([str(python(name)), "-m", "pip", "install", *arguments])
    shared = sysconfig.get_path("purelib")
    (own / "shared.pth").write_text(f"import site; site.addsitedir({shared!r})\n")


def call(command: list[str]) -> None:
    """Run the command; raise RuntimeError with the end of its output if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=_LIMIT_S, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed:\n{(done.stdout + done.stderr)[-4000:]}")
