"""The bridge to a REST API with certificates: it passes requests on, for programs of this user alone."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from headrace.environment import flink_bridge
from headrace.environment.flink_bridge import bridge
from headrace.errors import PlatformError
from headrace.local import certificates
from support.servers import asking_for_certificates


@pytest.fixture
def tls(tmp_path: Path) -> Path:
    certificates.renew(tmp_path / "tls")
    return tmp_path / "tls"


@pytest.fixture
def rest(tls: Path) -> Iterator[str]:
    """The address of a server that asks for a certificate of the folder."""
    with asking_for_certificates(tls) as address:
        yield address


def test_requests_are_passed_on_with_the_certificate(rest: str, tls: Path) -> None:
    large = os.urandom(3 * 2**20)
    with bridge(rest, tls) as address, httpx.Client(base_url=address, trust_env=False, timeout=60) as client:
        assert "headrace local Flink" in client.get("/").text
        assert client.post("/", content=large).content == large
        assert "headrace local Flink" in client.get("/").text


def test_a_program_of_another_user_gets_nothing(rest: str, tls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with bridge(rest, tls) as address:
        monkeypatch.setattr(os, "getuid", lambda: os.geteuid() + 1)
        with pytest.raises(httpx.TransportError):
            httpx.get(address, trust_env=False)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_linux_names_the_user_of_a_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as own:
        here = server.getsockname()[1]
        own.connect(("127.0.0.1", here))
        assert flink_bridge._owner(own.getsockname()[1], here) == 0
        os.seteuid(65534)
        try:
            foreign = socket.create_connection(("127.0.0.1", here))
        finally:
            os.seteuid(0)
        with foreign:
            assert flink_bridge._owner(foreign.getsockname()[1], here) == 65534
        assert flink_bridge._owner(1, here) is None


def test_a_connection_over_a_socket_of_both_protocols_is_found() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_INET6) as dual:
        here = server.getsockname()[1]
        dual.connect(("::ffff:127.0.0.1", here))
        assert flink_bridge._owner(dual.getsockname()[1], here) == os.getuid()


def test_a_cluster_that_is_away_is_reported_before_a_bridge_is_there(tls: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        rest = f"https://127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(PlatformError, match="does not answer"), bridge(rest, tls):
            pass


def test_a_port_that_is_taken_is_reported(rest: str, tls: Path) -> None:
    taken = int(rest.rpartition(":")[2])
    with pytest.raises(PlatformError, match=f"port {taken} is not free"), bridge(rest, tls, taken):
        pass


def test_nothing_listens_after_the_block(rest: str, tls: Path) -> None:
    with bridge(rest, tls) as address:
        pass
    with pytest.raises(httpx.ConnectError):
        httpx.get(address, trust_env=False)


def test_a_connection_that_is_open_at_the_end_is_closed_without_a_word(
    rest: str, tls: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with httpx.Client(trust_env=False, timeout=60) as client, bridge(rest, tls) as address:
        client.get(address)
    assert [each for each in caplog.records if each.name == "asyncio"] == []
