"""`headrace dead-letters`: show the records that are not stored as readings, and decrypt their payloads."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from headrace.cli import cells, completion
from headrace.cli.common import Context, Env, Json, out, print_json, refuse_together, table

_SEALED = "(encrypted: --decrypt)"


def dead_letters(
    job: Annotated[str | None, typer.Argument(metavar="JOB", autocompletion=completion.jobs)] = None,
    code: Annotated[str | None, typer.Option(metavar="CODE", help="Only those with this code.")] = None,
    late: Annotated[bool, typer.Option("--late", help="Late readings instead.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The most that are shown.")] = 20,
    decrypt: Annotated[bool, typer.Option("--decrypt", help="Decrypt payloads with the environment's keys.")] = False,
    env: Env = "local",
    json: Json = False,
) -> None:
    """Show dead letters or late readings with their payloads, the newest first.

    A contract can have payloads encrypted. --decrypt needs the key, which is read on this machine.
    """
    from headrace.upkeep.letters import read

    refuse_together(code=code is not None, late=late)
    settings = Context(env).settings
    letters = read.late(settings, job, limit) if late else read.dead(settings, job, code, limit)
    if decrypt:
        letters = read.decrypted(settings, letters)
    if json:
        print_json([dict(zip(letters.columns, map(_plain, row), strict=True)) for row in letters.rows])
        return
    shown = table(*letters.columns, numbers=["index"], prose=["message", "payload"])
    for row in letters.rows:
        shown.add_row(*map(_cell, row))
    out.print(shown if letters.rows else "none")


def _plain(value: Any) -> Any:
    return cells.text(value) if isinstance(value, bytes) else value


def _cell(value: Any) -> str:
    from rich.markup import escape

    from headrace_udfs import sealed

    if isinstance(value, bytes) and sealed.is_sealed(value):
        return _SEALED
    return escape(cells.shown(value))
