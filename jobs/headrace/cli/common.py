"""What every command shares: the project, the environment, and the two ways of printing."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from textwrap import indent
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from headrace.environment import settings
from headrace.environment.settings import Settings
from headrace.project.paths import Project

out = Console()
"""Results: what a pipe is meant to get."""
log = Console(stderr=True)
"""Progress and errors."""

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
JobName = Annotated[str, typer.Argument(metavar="JOB", help="<domain>/<job>_v<N>, a folder under sql/.")]
Env = Annotated[str, typer.Option("--env", envvar="HEADRACE_ENV", help="Environment: a file in catalogs/.")]


@dataclass(frozen=True)
class Context:
    """The project the command runs in and the settings of its environment, each read when first asked for."""

    env: str

    @cached_property
    def project(self) -> Project:
        return Project.find()

    @cached_property
    def settings(self) -> Settings:
        return settings.load(self.project, self.env)


def print_json(value: Any) -> None:
    """`value` as one JSON document; times as ISO-8601, bytes as text."""
    typer.echo(json.dumps(value, indent=2, default=_plain))


def print_json_list(values: Iterable[Any]) -> None:
    """What `print_json` prints of a list, value after value: there may be more than fit in memory."""
    between = "[\n"
    for value in values:
        typer.echo(between + indent(json.dumps(value, indent=2, default=_plain), "  "), nl=False)
        between = ",\n"
    typer.echo("[]" if between == "[\n" else "\n]")


def table(*columns: str, title: str | None = None, numbers: tuple[str, ...] = ()) -> Table:
    """An empty table for `out`; the columns named in `numbers` are set flush right."""
    made = Table(
        title=title,
        title_justify="left",
        header_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    for name in columns:
        made.add_column(name, justify="right" if name in numbers else "left", overflow="fold")
    return made


def clock(time: datetime | None) -> str:
    """A time as people read it, in UTC, to the second; nothing for none."""
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if time else ""


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value)
