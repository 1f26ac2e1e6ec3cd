"""A headless Chromium from an npm package, with the libraries it needs, unpacked without installing it."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright._impl._driver import compute_driver_executable
from playwright.sync_api import Browser, sync_playwright

from support import ROOT

_VERSION = "153.0.0"
_SHA512 = "jiGWqSvPMdu4+P9TilYqAR7yEGPEHINx+lCvE/NqNO/EHYzF/x1hUiI5T6ioVIt7dEy7n88byyT0vk+dnsgQwA=="
_FOLDER = ROOT / ".headrace" / f"chromium-{_VERSION}"
_LIMIT_S = 300
_START_LIMIT_MS = 120_000
_FLAGS = (
    "--no-sandbox", "--no-zygote", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
_INFLATE = """
const [fs, zlib] = [require("fs"), require("zlib")];
const [from, to] = process.argv.slice(1);
require("stream").pipeline(fs.createReadStream(from), zlib.createBrotliDecompress(), fs.createWriteStream(to),
  (error) => { if (error) throw error; });
"""


@contextmanager
def browser() -> Iterator[Browser]:
    """Yield a Chromium that ends with the block. The test is skipped if there is neither Chromium nor npm to get it."""
    program, environment = _program()
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(
            executable_path=program, args=list(_FLAGS), env=environment, timeout=_START_LIMIT_MS
        )
        try:
            yield chromium
        finally:
            chromium.close()


def _program() -> tuple[Path, dict[str, str | float | bool]]:
    if not _FOLDER.is_dir() and not _fetched():
        if installed := shutil.which("chromium"):
            return Path(installed), dict(os.environ)
        pytest.skip(f"no chromium on PATH, and @sparticuz/chromium {_VERSION} cannot be downloaded by npm")
    fonts = {"FONTCONFIG_FILE": str(_FOLDER / "fonts.conf"), "XDG_CACHE_HOME": str(_FOLDER)}
    return _FOLDER / "chromium", {**os.environ, **fonts, "LD_LIBRARY_PATH": str(_FOLDER / "lib")}


def _fetched() -> bool:
    """Return whether the package could be downloaded from npm and unpacked into _FOLDER, 67 MB that become 210."""
    if not shutil.which("npm"):
        return False
    _FOLDER.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_FOLDER.parent) as within:
        try:
            command = ["npm", "pack", "--silent", f"@sparticuz/chromium@{_VERSION}"]
            subprocess.run(command, cwd=within, timeout=_LIMIT_S, check=True, capture_output=True)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
            return False
        (package,) = Path(within).glob("*.tgz")
        digest = base64.b64encode(hashlib.sha512(package.read_bytes()).digest()).decode()
        assert digest == _SHA512, f"{package.name} does not have the expected digest"
        _unpack(package, Path(within), Path(within) / "unpacked")
        (Path(within) / "unpacked").rename(_FOLDER)
    return True


def _unpack(package: Path, folder: Path, target: Path) -> None:
    node, _ = compute_driver_executable()
    with tarfile.open(package) as files:
        files.extractall(folder, filter="data")
    target.mkdir()
    for name in ("chromium", "al2023.tar", "fonts.tar"):
        packed = folder / "package" / "bin" / f"{name}.br"
        subprocess.run([node, "-e", _INFLATE, packed, target / name], timeout=_LIMIT_S, check=True)
    for name in ("al2023.tar", "fonts.tar"):
        with tarfile.open(target / name) as files:
            files.extractall(target, filter="data")
        (target / name).unlink()
    (target / "chromium").chmod(0o755)
    (target / "fonts.conf").write_text(f"<fontconfig><dir>{_FOLDER / 'fonts'}</dir></fontconfig>")
