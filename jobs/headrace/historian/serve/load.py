"""Middleware that bounds how many requests are answered at a time, and how long a client may take to read."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from headrace.errors import Problem
from headrace.historian.serve.problems import refusal

AT_ONCE = 4
"""Requests to the API, other than for CSV, that are worked on at a time; others wait."""
OPEN_FILES = 4
"""CSV files that are made and sent at a time: a part of each is in memory until the client has read it."""
OPEN_ANSWERS = 12
"""Other answers of the API that are worked on or sent at a time: each is in memory until the client has read it."""
WAIT_S = 60.0
"""How long a request waits for its turn before it is refused."""
READ_S = 60.0
"""How long a client may take to read an answer, or of a CSV file one piece of it, before its connection is closed."""

_LOG = logging.getLogger(__name__)
# The server takes a piece without waiting, and waits before the next one until the client has read most of it.
_PIECE = 64 * 1024


class _BusyError(Exception):
    """It was not a request's turn within WAIT_S."""


class _SlowError(Exception):
    """A client did not read within READ_S."""


@dataclass(frozen=True)
class Load:
    """An ASGI middleware that makes requests to the API wait for their turn; files of the page pass at once.

    A request that waits for more than WAIT_S is refused with status 503. A client that does not read its answer within
    READ_S is disconnected, so that it holds no memory and nobody's turn.
    """

    app: ASGIApp
    _files: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(OPEN_FILES))
    _answers: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(OPEN_ANSWERS))
    _at_once: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        if scope["type"] != "http" or not scope["path"].startswith("/api/"):
            await self.app(scope, receive, send)
            return
        try:
            if scope["path"].endswith(".csv"):
                async with _Turn(self._files):
                    await self.app(scope, receive, _in_time(send))
            else:
                # A turn to work ends when the answer is there: to send it takes only memory.
                async with _Turn(self._answers), _Turn(self._at_once) as work:
                    await self.app(scope, receive, _in_time(send, work.end))
        except _BusyError:
            problem = Problem("too many answers wait to be read by their clients", scope["path"], "try again later")
            response = refusal(503, "the server is busy", [problem])
            response.headers["Retry-After"] = str(int(READ_S))
            await response(scope, receive, send)
        except _SlowError:
            # Without the end of the answer, the server closes the connection.
            _LOG.warning("%s: disconnected a client that did not read for %g s", scope["path"], READ_S)


class _Turn:
    """One unit of a semaphore, held until the block ends or until `end` is called."""

    def __init__(self, semaphore: asyncio.Semaphore) -> None:
        self._semaphore = semaphore
        self._held = False

    async def __aenter__(self) -> _Turn:
        try:
            await asyncio.wait_for(self._semaphore.acquire(), WAIT_S)
        except TimeoutError:
            raise _BusyError from None
        self._held = True
        return self

    async def __aexit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        if self._held:
            self._held = False
            self._semaphore.release()


def _in_time(send: Send, begins: Callable[[], None] = lambda: None) -> Send:
    """Return a `send` that calls `begins`, and raises _SlowError if the client does not read within READ_S."""

    async def send_in_time(message: Message) -> None:
        begins()
        try:
            await asyncio.wait_for(_send_in_pieces(message, send), READ_S)
        except TimeoutError:
            raise _SlowError from None

    return send_in_time


async def _send_in_pieces(message: Message, send: Send) -> None:
    body = message.get("body", b"")
    if len(body) <= _PIECE:
        await send(message)
        return
    for piece in _pieces(body):
        await send({**message, "body": piece, "more_body": True})
    await send({**message, "body": b"", "more_body": message.get("more_body", False)})


def _pieces(body: bytes) -> Iterator[bytes]:
    return (body[at : at + _PIECE] for at in range(0, len(body), _PIECE))
