"""A catalog that takes a request and never answers is given up."""

from __future__ import annotations

import socket

import pytest
import requests

from headrace_udfs import restcatalog


def test_a_server_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restcatalog, "LIMIT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(requests.Timeout):
            restcatalog.BoundedRestCatalog("plant", uri=address, token="a")  # noqa: S106
