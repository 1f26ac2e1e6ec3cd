"""Check that `headrace` accepts a command line found in a file."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from headrace.cli import app


def parse(words: list[str]) -> None:
    """Fail if a command or an option is unknown; nothing is run."""
    command: Any = typer.main.get_command(app)
    while isinstance(command, TyperGroup):
        assert words[0] in command.commands, f"no command {words[0]}"
        command, words = command.commands[words[0]], words[1:]
    command.make_context(command.name, list(words))
