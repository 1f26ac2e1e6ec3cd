"""Middleware that checks tokens, host names and methods of requests, and sets strict security headers."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from headrace.errors import Problem
from headrace.historian.serve.problems import refusal

_LOCAL = frozenset({"127.0.0.1", "localhost", "[::1]"})
# The whole header has to match: what follows a local name must not make it the name of another host.
_NAME_AND_PORT = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(:[0-9]{1,5})?")
# Plotly and Swagger UI position elements with style attributes and load icons from data URLs.
_POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True)
class Guard:
    """An ASGI middleware that rejects requests that are not allowed, and answers HEAD like GET without a body.

    With `tokens`, each request to the API must carry one of them. Without, the server is for this machine only, and the
    Host header must be one of its local names; this rejects foreign sites whose names resolve to this machine (DNS
    rebinding).
    """

    app: ASGIApp
    tokens: Sequence[str] = ()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        is_api = scope["path"].startswith("/api/")

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update({**_HEADERS, "Cache-Control": "no-store" if is_api else "no-cache"})
            await send(message)

        if response := self._rejected(scope, is_api=is_api):
            await response(scope, receive, send_with_headers)
        else:
            # uvicorn drops the body of a response to HEAD.
            await self.app({**scope, "method": "GET"}, receive, send_with_headers)

    def _rejected(self, scope: Scope, *, is_api: bool) -> Response | None:
        headers = Headers(scope=scope)
        if scope["method"] not in {"GET", "HEAD"}:
            return _refusal(405, f"{scope['method']} is not supported", "method", "use GET", {"Allow": "GET, HEAD"})
        if not self.tokens and _host(headers) not in _LOCAL:
            fix = "use 127.0.0.1 or localhost in the address; to serve other machines, start the server with --token"
            return _refusal(403, "this server accepts requests from its own machine only", "header Host", fix)
        if is_api and headers.get("sec-fetch-site") in {"cross-site", "same-site"}:
            fix = "open this server's own page"
            return _refusal(403, "the request comes from a page of another site", "header Sec-Fetch-Site", fix)
        if is_api and self.tokens and not self._known(headers.get("authorization", "")):
            fix = "send `Authorization: Bearer TOKEN`"
            challenge = {"WWW-Authenticate": "Bearer"}
            return _refusal(401, "the token is missing or unknown", "header Authorization", fix, challenge)
        return None

    def _known(self, authorization: str) -> bool:
        scheme, _, given = authorization.partition(" ")
        # Every token is compared, each in constant time, so that the time taken reveals nothing about them.
        matches = [hmac.compare_digest(given.strip().encode(), token.encode()) for token in self.tokens]
        return scheme.lower() == "bearer" and any(matches)


def _refusal(status: int, what: str, where: str, fix: str, headers: Mapping[str, str] | None = None) -> Response:
    response = refusal(status, "the request is not allowed", [Problem(what, where, fix)])
    response.headers.update(headers or {})
    return response


def _host(headers: Headers) -> str:
    """Return the name in the Host header in lower case, without its port; "" if the header is not exactly that."""
    match = _NAME_AND_PORT.fullmatch(headers.get("host", ""))
    return match["name"].lower() if match else ""
