"""`headrace flink-page`: a way to Flink's own page, which otherwise asks a browser for a certificate."""

from __future__ import annotations

from typing import Annotated

import typer

from headrace.cli.common import Context, Env, Json, log, print_json
from headrace.errors import UserError


def flink_page(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port.", show_default="a free one")] = 0,
    env: Env = "local",
    json: Json = False,
) -> None:
    """Open a way to Flink's page and REST API for your own programs on this machine, until ctrl-C.

    Flink asks for a certificate, which this command shows for you. It refuses programs of other users.
    """
    import signal
    from contextlib import suppress

    from headrace.environment.flink_bridge import bridge

    settings = Context(env).settings
    rest, tls = settings.flink_rest(), settings.flink_tls()
    if tls is None:
        raise UserError("this cluster asks for no certificate", rest, "open that address in a browser")
    with bridge(rest, tls, port) as address:
        if json:
            print_json({"address": address})
        else:
            log.print(f"{address} until ctrl-C", highlight=False, soft_wrap=True)
        with suppress(KeyboardInterrupt):
            signal.pause()
