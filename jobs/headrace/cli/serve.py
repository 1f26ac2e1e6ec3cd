"""`headrace serve`: serve trends as a web page, and the HTTP interface behind it."""

from __future__ import annotations

import importlib.util
from typing import Annotated

import typer

from headrace.cli.common import Context, Env, Json, log, print_json
from headrace.errors import UserError


def serve(
    host: Annotated[
        str, typer.Option(help="Address to listen at; one that others can reach requires --token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port.", show_default="a free one")] = 0,
    token: Annotated[
        list[str] | None,
        typer.Option(
            metavar="REFERENCE",
            help="Bearer token that clients must send: '${env:NAME}' or '${file:PATH}'; repeatable.",
        ),
    ] = None,
    env: Env = "local",
    json: Json = False,
) -> None:
    """Serve a page that shows trends, and the read-only HTTP interface behind it, until ctrl-C."""
    if importlib.util.find_spec("fastapi") is None:
        raise UserError("the page's packages are not installed", fix="pip install 'headrace[serve]'")
    from headrace.historian.serve import server

    def started(address: str) -> None:
        if json:
            print_json({"address": address})
        else:
            log.print(
                f"{address} until ctrl-C; the interface is described at {address}docs", highlight=False, soft_wrap=True
            )

    server.run(Context(env).settings, host, port, token or [], started)
