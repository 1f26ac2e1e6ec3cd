"""Run the server: resolve its tokens, and refuse to listen for other machines without any."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence

import uvicorn

from headrace.environment.secret_values import is_reference
from headrace.environment.settings import Settings, resolved
from headrace.errors import PlatformError, UserError
from headrace.historian.serve.app import build

CONNECTIONS = 256
"""Connections that are open at a time; a further one is refused with status 503."""
_SHORTEST = 16
_PATIENCE_S = 5
_MAKE = 'generate one: python -c "import secrets; print(secrets.token_urlsafe(32))"'


def run(settings: Settings, host: str, port: int, tokens: Sequence[str], started: Callable[[str], None]) -> None:
    """Serve until the process receives a signal; call `started` with the address once the socket listens.

    `port` 0 is a free port; `tokens` are references. Raises UserError for tokens that are missing or not valid, and
    PlatformError if a reference cannot be resolved or the address cannot be bound.
    """
    known = secrets(tokens)
    if not known and not is_local(host):
        what = f"without a token, anyone who can reach {host} could read every reading"
        raise UserError(what, "--host", "add --token '${env:HEADRACE_SERVE_TOKEN}', or omit --host")
    app = build(settings, known)
    with listening(host, port) as listener:
        started(f"http://{_in_address(host)}:{listener.getsockname()[1]}/")
        config = uvicorn.Config(
            app,
            log_level="warning",
            server_header=False,
            limit_concurrency=CONNECTIONS,
            timeout_graceful_shutdown=_PATIENCE_S,
        )
        uvicorn.Server(config).run(sockets=[listener])


def secrets(references: Sequence[str]) -> list[str]:
    """Return the tokens that the references name.

    Raises UserError for a token given as plain text and for one shorter than 16 characters, and PlatformError for a
    reference that cannot be resolved.
    """
    for reference in references:
        if not is_reference(reference):
            what = "a token on the command line can be read by every user of the machine"
            raise UserError(what, "--token", "use a reference: '${env:NAME}' or '${file:PATH}'")
    known = list(resolved(dict(zip(references, references, strict=True))).values())
    if short := [reference for reference, token in zip(references, known, strict=False) if len(token) < _SHORTEST]:
        raise UserError(f"the token of {short[0]} is shorter than {_SHORTEST} characters", "--token", _MAKE)
    return known


def is_local(host: str) -> bool:
    """Return whether an address can be reached from this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def listening(host: str, port: int) -> socket.socket:
    """Return a listening socket. Raises PlatformError."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except OSError as error:
        where, fix = f"{host}:{port}", "choose another --port, or omit it for a free one"
        raise PlatformError(f"cannot listen on this address: {error.strerror or error}", where, fix) from None


def _in_address(host: str) -> str:
    return f"[{host}]" if ":" in host else host
