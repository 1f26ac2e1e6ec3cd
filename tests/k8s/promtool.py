"""Prometheus' tool for rules, from Debian's package, unpacked without installing it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from support import ROOT

_FOLDER = ROOT / ".headrace" / "promtool"
_LIMIT_S = 120


def path() -> Path:
    """Return the program's path; the test is skipped if the machine has no Debian packages."""
    program = _FOLDER / "usr" / "bin" / "promtool"
    if installed := shutil.which("promtool"):
        return Path(installed)
    if not program.is_file():
        if not (shutil.which("apt-get") and shutil.which("dpkg")):
            pytest.skip("no promtool on PATH, and this machine has no Debian packages to take it from")
        _FOLDER.mkdir(parents=True, exist_ok=True)
        _unpack()
    return program


def _unpack() -> None:
    lists = ["-o", f"Dir::State::Lists={_FOLDER / 'lists'}", "-o", f"Dir::Cache={_FOLDER / 'cache'}"]
    user = ["-o", "APT::Sandbox::User="]
    try:
        if not _called(["apt-get", "-q", *user, "download", "prometheus"]):
            _called(["apt-get", "-q", *user, *lists, "update"])
            _called(["apt-get", "-q", *user, *lists, "download", "prometheus"])
    except subprocess.TimeoutExpired:
        pytest.skip(f"Debian's prometheus package did not come within {_LIMIT_S} s")
    package = next(_FOLDER.glob("prometheus_*.deb"), None)
    if package is None:
        pytest.skip("Debian's prometheus package cannot be downloaded: see `apt-get download prometheus`")
    subprocess.run(["dpkg", "-x", package, _FOLDER], check=True)


def _called(command: list[str]) -> bool:
    return subprocess.run(command, cwd=_FOLDER, timeout=_LIMIT_S, check=False).returncode == 0
