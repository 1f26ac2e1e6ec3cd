"""What a server that is not Flink answers is reported as a fault of the service."""

from __future__ import annotations

import pytest

from headrace.environment.flink_rest import Cluster
from headrace.errors import PlatformError
from support.servers import server


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (502, b"<html>Bad Gateway</html>", "Flink refused GET /overview: HTTP 502"),
        (404, b'{"errors": ["not found"]}', "Flink refused GET /overview: not found"),
        (500, b'["odd"]', "Flink refused GET /overview: HTTP 500"),
        (200, b"<html>Welcome</html>", "GET /overview is not answered with JSON"),
    ],
)
def test_an_answer_that_is_not_flinks_is_a_platform_error(status: int, body: bytes, message: str) -> None:
    with server(status, body) as address, pytest.raises(PlatformError, match=message):
        Cluster(address).slots()
