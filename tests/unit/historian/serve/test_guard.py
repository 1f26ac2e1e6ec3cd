"""The Host headers that the guard of `headrace serve` accepts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import Response
from starlette.testclient import TestClient

from headrace.historian.serve.guard import Guard


def status(host: str | bytes) -> int:
    client = TestClient(Guard(Response("an answer")), base_url="http://127.0.0.1")
    return int(client.get("/", headers={"Host": host}).status_code)


@pytest.mark.parametrize("host", ["localhost", "LocalHost:8080", "127.0.0.1:1", "[::1]", "[::1]:65535"])
def test_a_local_name_with_or_without_a_port_is_accepted(host: str) -> None:
    assert status(host) == 200


@pytest.mark.parametrize(
    "host",
    [
        "localhost:x@evil", "localhost:80@evil.example", "127.0.0.1:", "localhost:80:80", "localhost:",
        "[::1]evil", "[::1]evil:80", "[::1]:80evil", "[::1", "::1", "evil[::1]", "localhost/", "localhost ,evil",
        "localhost.evil.example", "", "localhost:8\u0660",
    ],
)  # fmt: skip
def test_a_header_that_only_begins_with_a_local_name_is_refused(host: str) -> None:
    assert status(host.encode()) == 403


@given(st.sampled_from(["localhost", "127.0.0.1", "[::1]"]), st.binary(min_size=1).map(lambda noise: noise.hex(":")))
def test_whatever_else_follows_a_local_name_makes_it_another_one(name: str, noise: str) -> None:
    assert status(f"{name}{noise}x") == 403
