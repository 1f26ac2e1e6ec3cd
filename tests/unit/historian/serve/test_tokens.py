"""The tokens and addresses that `headrace serve` refuses before it listens."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from headrace.cli.serve import serve
from headrace.errors import PlatformError, UserError
from headrace.historian.serve import server

LONG = "0123456789abcdef"


def test_tokens_are_the_values_of_references(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OFFICE", LONG)
    (tmp_path / "token").write_text(f"{LONG}!\n")
    assert server.secrets(["${env:OFFICE}", f"${{file:{tmp_path / 'token'}}}"]) == [LONG, f"{LONG}!"]
    assert server.secrets([]) == []


def test_plain_text_and_short_tokens_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="a token on the command line") as error:
        server.secrets([LONG])
    assert LONG not in str(error.value)
    monkeypatch.setenv("OFFICE", LONG[1:])
    with pytest.raises(UserError, match="shorter than 16 characters") as error:
        server.secrets(["${env:OFFICE}"])
    assert LONG[1:] not in str(error.value)
    monkeypatch.delenv("OFFICE")
    with pytest.raises(PlatformError, match="no such environment variable"):
        server.secrets(["${env:OFFICE}"])


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("127.0.0.9", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False),  # noqa: S104
     ("192.168.0.7", False), ("historian.plant", False)],
)  # fmt: skip
def test_which_addresses_only_this_machine_reaches(host: str, local: bool) -> None:
    assert server.is_local(host) is local


def test_an_address_in_use_is_reported() -> None:
    with server.listening("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PlatformError, match="cannot listen on this address") as error:
            server.listening("127.0.0.1", port)
    assert f"127.0.0.1:{port}" in str(error.value)


def test_without_its_packages_the_command_names_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(UserError, match="packages are not installed") as error:
        serve()
    assert "headrace[serve]" in str(error.value)


def test_the_command_listens_for_other_machines_only_with_a_token(pytestconfig: pytest.Config) -> None:
    command = [sys.executable, "-c", "from headrace.cli import main; main()", "serve", "--host", "0.0.0.0"]  # noqa: S104
    environment = {**os.environ, "HEADRACE_PROJECT": str(pytestconfig.rootpath), "COLUMNS": "200"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "could read every reading" in done.stderr
    assert "--token" in done.stderr
    assert "Traceback" not in done.stderr
