"""serve."""

from __future__ import annotations

import importlib.util
from typing import Annotated

import typer

from headrace.cli.common import Context, Env, Json, log, print_json
from headrace.errors import UserError


def serve(
    host: Annotated[
        str, typer.Option(help="Where to listen; an address that others reach demands --token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port.", show_default="a free one")] = 0,
    token: Annotated[
        list[str] | None,
        typer.Option(
            metavar="REFERENCE", help="'${env:NAME}' or '${file:PATH}', which who asks has to bear; may recur."
        ),
    ] = None,
    env: Env = "local",
    json: Json = False,
) -> None:
    """Serve a page to look at trends with, and the read-only interface behind it, until ctrl-C."""
    if importlib.util.find_spec("fastapi") is None:
        raise UserError("the page's packages are not installed", fix="pip install 'headrace[serve]'")
    from headrace.historian.serve import server  # noqa: PLC0415 - half a second to import, and an image for jobs is without it

    def started(address: str) -> None:
        if json:
            print_json({"address": address})
        else:
            log.print(f"{address} until ctrl-C; how to ask it: {address}docs", highlight=False, soft_wrap=True)

    server.run(Context(env).settings, host, port, token or [], started)
