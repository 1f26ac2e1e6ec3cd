"""The server's socket and its tokens, refused where they do not go together."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence

import uvicorn

from headrace.environment.settings import Settings, resolved
from headrace.errors import PlatformError, UserError
from headrace.historian.serve.app import build
from headrace_udfs.references import has_reference

_SHORTEST = 16
_PATIENCE_S = 5
_MAKE = 'make one: python -c "import secrets; print(secrets.token_urlsafe(32))"'


def run(settings: Settings, host: str, port: int, tokens: Sequence[str], started: Callable[[str], None]) -> None:
    """Serve until a signal says to end; `started` is told the address once connections are taken.

    `port` 0 is a free one; `tokens` are references. Raises UserError for tokens that are missing or no good,
    PlatformError where a reference leads nowhere or the address cannot be had.
    """
    known = secrets(tokens)
    if not known and not is_local(host):
        what = f"whoever reaches {host} could read every reading"
        raise UserError(what, "--host", "give tokens, like --token '${env:HEADRACE_SERVE_TOKEN}', or leave --host out")
    app = build(settings, known)
    with listening(host, port) as listener:
        started(f"http://{_in_address(host)}:{listener.getsockname()[1]}/")
        config = uvicorn.Config(app, log_level="warning", server_header=False, timeout_graceful_shutdown=_PATIENCE_S)
        uvicorn.Server(config).run(sockets=[listener])


def secrets(references: Sequence[str]) -> list[str]:
    """What the references name. Raises UserError for a token told outright, and for one that could be guessed."""
    for reference in references:
        if not has_reference(reference):
            what = "a token stands in the command line, where everybody on the machine can read it"
            raise UserError(what, "--token", "name it: '${env:NAME}' or '${file:PATH}'")
    known = list(resolved(dict(zip(references, references, strict=True))).values())
    if short := [reference for reference, token in zip(references, known, strict=False) if len(token) < _SHORTEST]:
        raise UserError(f"the token of {short[0]} has fewer than {_SHORTEST} signs", "--token", _MAKE)
    return known


def is_local(host: str) -> bool:
    """Whether only this machine reaches an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def listening(host: str, port: int) -> socket.socket:
    """A socket that takes connections. Raises PlatformError."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except OSError as error:
        where, fix = f"{host}:{port}", "choose another --port, or none: then it is a free one"
        raise PlatformError(f"nobody can listen there: {error.strerror or error}", where, fix) from None


def _in_address(host: str) -> str:
    return f"[{host}]" if ":" in host else host
