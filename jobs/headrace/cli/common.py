"""Shared by all commands: the project and the environment, common options, and functions that print."""

from __future__ import annotations

import errno
import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from headrace.cli import cells, completion
from headrace.cli.fitting_table import FittingTable
from headrace.errors import HeadraceError, PlatformError, UserError
from headrace.project.paths import Project

if TYPE_CHECKING:
    from headrace.environment.settings import Settings

out = Console()
"""Results, on standard output."""
log = Console(stderr=True)
"""Progress and errors, on standard error."""

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
Markdown = Annotated[bool, typer.Option("--markdown", help="Print a Markdown comment for a pull request.")]
JobName = Annotated[
    str,
    typer.Argument(metavar="JOB", help="<domain>/<job>_v<N>, a folder under sql/.", autocompletion=completion.jobs),
]
JobNames = Annotated[
    list[str] | None,
    typer.Argument(metavar="JOB", help="<domain>/<job>_v<N>; default: all jobs.", autocompletion=completion.jobs),
]
JobOrFunctionNames = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="JOB",
        help="<domain>/<job>_v<N>, or function/<name>; default: all.",
        autocompletion=completion.jobs_and_functions,
    ),
]
TableNames = Annotated[
    list[str] | None,
    typer.Argument(metavar="TABLE", help="<namespace>.<table>; default: all tables.", autocompletion=completion.tables),
]
Env = Annotated[
    str,
    typer.Option(
        "--env",
        envvar="HEADRACE_ENV",
        help="Environment: a file in catalogs/.",
        autocompletion=completion.environments,
    ),
]
Wait = Annotated[float, typer.Option("--wait", help="Seconds to wait if another deployment is in progress.")]
AcceptLoss = Annotated[
    bool, typer.Option("--accept-loss", help="Continue even if state is lost, or its fate is unknown.")
]

_DISK_FAULTS = {errno.ENOSPC, errno.EDQUOT, errno.EIO}


@dataclass(frozen=True)
class Context:
    """The project of the command and the settings of its environment, each read on first use."""

    env: str

    @cached_property
    def project(self) -> Project:
        """The project. Raises UserError if there is none."""
        return Project.find()

    @cached_property
    def settings(self) -> Settings:
        """Settings of the environment. Raises UserError for a bad file, value or override."""
        from headrace.environment import settings

        return settings.load(self.project, self.env)


class _Notices(logging.Handler):
    """Prints what headrace itself logs on standard error, such as what a command waits for."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print the record's message as one line."""
        log.print(record.getMessage(), style="dim", markup=False, highlight=False, soft_wrap=True)


NOTICES = _Notices()
"""The one handler, which a logger takes only once."""


def refuse_together(**formats: bool) -> None:
    """Raise UserError if more than one of these options, such as `json` and `csv`, is given."""
    given = [f"--{name}" for name, is_given in formats.items() if is_given]
    if len(given) > 1:
        raise UserError(f"{', '.join(given[:-1])} and {given[-1]} cannot be combined", fix="use one")


def cannot_write(file: Path, error: OSError) -> HeadraceError:
    """Return the error to raise if `file` cannot be written: PlatformError for a full disk, else UserError."""
    what = f"cannot be written: {error.strerror or error}"
    if error.errno in _DISK_FAULTS:
        return PlatformError(what, str(file), "free space on the disk, or choose another one")
    return UserError(what, str(file))


def print_json(value: Any) -> None:
    """Print `value` as one JSON document; times as ISO-8601, bytes as text, NaN and the infinities as null."""
    typer.echo(_json(value))


def print_json_list(values: Iterable[Any]) -> None:
    """Print a list as `print_json` does, one value at a time: the list may not fit in memory."""
    between = "[\n"
    for value in values:
        typer.echo(between + indent(_json(value), "  "), nl=False)
        between = ",\n"
    typer.echo("[]" if between == "[\n" else "\n]")


def table(
    *columns: str, title: str | None = None, numbers: Iterable[str] = (), prose: Iterable[str] = ()
) -> FittingTable:
    """Return an empty table for `out`; columns in `numbers` are aligned right, those in `prose` may wrap."""
    return FittingTable(*columns, title=title, numbers=numbers, prose=prose)


def clock(time: datetime | None) -> str:
    """Return a time in UTC, to the second, as `2026-03-01 06:00:00 UTC`; "" for None."""
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if time else ""


def _json(value: Any) -> str:
    return json.dumps(cells.finite(value), indent=2, default=_plain, allow_nan=False)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value)
