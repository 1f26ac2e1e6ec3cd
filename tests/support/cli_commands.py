"""Whether a command line that stands in a file is one that `headrace` takes."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from headrace.cli import app


def parse(words: list[str]) -> None:
    """Fails where a command or an option is unknown; nothing runs."""
    command: Any = typer.main.get_command(app)
    while isinstance(command, TyperGroup):
        assert words[0] in command.commands, f"no command {words[0]}"
        command, words = command.commands[words[0]], words[1:]
    command.make_context(command.name, list(words))
