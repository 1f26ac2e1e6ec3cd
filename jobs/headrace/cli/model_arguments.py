"""The arguments that commands about models have in common."""

from __future__ import annotations

from typing import Annotated

import typer

from headrace.cli import completion

Version = Annotated[
    str,
    typer.Argument(
        metavar="MODEL@N", help="A version, or a model for its latest one.", autocompletion=completion.models
    ),
]
Since = Annotated[str, typer.Option(metavar="TIME", help="Readings at or after this ISO-8601 time.")]
Until = Annotated[str | None, typer.Option(metavar="TIME", help="Readings before this ISO-8601 time; default: now.")]
