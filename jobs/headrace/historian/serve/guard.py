"""Who may ask, and what a page may do: tokens, names of this machine, methods that only read, a strict browser."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from headrace.errors import Problem
from headrace.historian.serve.problems import refusal

_LOCAL = frozenset({"127.0.0.1", "localhost", "[::1]"})
# Plotly and Swagger UI place what they draw by style attributes, and draw icons from data.
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
    """Lets through what may be asked. With `tokens` each question to the interface has to bear one of them.

    Without, the server is for this machine alone, and has to be called by a name of it: a foreign site whose name is
    made to lead here (DNS rebinding) is not.
    """

    app: ASGIApp
    tokens: Sequence[str] = ()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI calls it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        asked = scope["path"].startswith("/api/")

        async def strictly(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update({**_HEADERS, "Cache-Control": "no-store" if asked else "no-cache"})
            await send(message)

        if refused := self._refused(scope, asked=asked):
            await refused(scope, receive, strictly)
        else:
            # The server itself leaves out the body of what was asked with HEAD.
            await self.app({**scope, "method": "GET"}, receive, strictly)

    def _refused(self, scope: Scope, *, asked: bool) -> Response | None:
        headers = Headers(scope=scope)
        if scope["method"] not in {"GET", "HEAD"}:
            return _refusal(405, f"{scope['method']} is not served", "method", "ask with GET", {"Allow": "GET, HEAD"})
        if not self.tokens and _host(headers) not in _LOCAL:
            fix = "call it 127.0.0.1 or localhost; to serve others, start it with --token"
            return _refusal(403, "this server is for its own machine alone", "header Host", fix)
        if asked and headers.get("sec-fetch-site") in {"cross-site", "same-site"}:
            fix = "open the page of this server itself"
            return _refusal(403, "a page of another server asks", "header Sec-Fetch-Site", fix)
        if asked and self.tokens and not self._known(headers.get("authorization", "")):
            fix = "send `Authorization: Bearer TOKEN`"
            challenge = {"WWW-Authenticate": "Bearer"}
            return _refusal(401, "there is no token, or none that is known", "header Authorization", fix, challenge)
        return None

    def _known(self, authorization: str) -> bool:
        scheme, _, given = authorization.partition(" ")
        # All are compared, each in constant time: how long it takes says nothing of any.
        matches = [hmac.compare_digest(given.strip().encode(), token.encode()) for token in self.tokens]
        return scheme.lower() == "bearer" and any(matches)


def _refusal(status: int, what: str, where: str, fix: str, headers: Mapping[str, str] | None = None) -> Response:
    response = refusal(status, "the question is not let in", [Problem(what, where, fix)])
    response.headers.update(headers or {})
    return response


def _host(headers: Headers) -> str:
    host = headers.get("host", "")
    name = host[: host.find("]") + 1] if host.startswith("[") else host.partition(":")[0]
    return name.lower()
