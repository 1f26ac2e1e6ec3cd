"""A request fails if the catalog accepts it and never responds."""

from __future__ import annotations

import socket

import pytest
import requests

from headrace_udfs import restcatalog


def test_a_request_to_a_server_that_does_not_respond_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restcatalog, "LIMIT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(requests.Timeout):
            restcatalog.BoundedRestCatalog("plant", uri=address, token="a")  # noqa: S106
