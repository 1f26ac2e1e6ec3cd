"""The tree of errors shown to users: what is wrong, where, and how to fix it; never a stack trace."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, order=True)
class Place:
    """A point in a file; `line` and `column` count from 1; 0 means unknown."""

    file: str
    line: int = 0
    column: int = 0

    @classmethod
    def of(cls, path: Path, line: int = 0, column: int = 0) -> Place:
        """Return the place as a user types it: relative to the working directory if the file is below it."""
        try:
            shown = path.resolve().relative_to(Path.cwd())
        except ValueError:
            shown = path
        return cls(str(shown), line, column)

    def __str__(self) -> str:
        return ":".join([self.file, *(str(n) for n in (self.line, self.column) if n)])


@dataclass(frozen=True)
class Problem:
    """One fault: what is wrong, where, and how to fix it."""

    what: str
    where: Place | str | None = None
    fix: str | None = None

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else self.what
        return f"{head}\n  fix: {self.fix}" if self.fix else head

    def to_json(self) -> dict[str, str | None]:
        """Return the problem as one JSON object."""
        return {"what": self.what, "where": str(self.where) if self.where else None, "fix": self.fix}


class HeadraceError(Exception):
    """Base of every error shown to the user. `exit_code` is the exit code of the command."""

    exit_code = 3

    def __init__(self, what: str | list[Problem], where: Place | str | None = None, fix: str | None = None) -> None:
        self.problems = [Problem(what, where, fix)] if isinstance(what, str) else what
        super().__init__("\n".join(map(str, self.problems)))


class CheckFailed(HeadraceError):
    """A check ran and failed."""

    exit_code = 1


class UserError(HeadraceError):
    """The user's files or arguments are at fault."""

    exit_code = 2


class PlatformError(HeadraceError):
    """A service, the disk or the network failed; the user's files are not at fault."""

    exit_code = 3


def nearest(name: str, known: Iterable[str], count: int = 1, cutoff: float = 0.6) -> list[str]:
    """Return up to `count` of the `known` names that resemble `name`, the most similar first, ignoring case.

    `cutoff` is the minimum similarity, as difflib measures it, from 0 to 1.
    """
    folded = {each.casefold(): each for each in known}
    return [folded[each] for each in difflib.get_close_matches(name.casefold(), folded, n=count, cutoff=cutoff)]


def did_you_mean(name: str, known: Iterable[str], label: str) -> str:
    """Return the fix for a name that is not one of `known`: the nearest of them, or all of them after `label`."""
    names = list(dict.fromkeys(known))
    if matches := nearest(name, names):
        return f"did you mean '{matches[0]}'?"
    return f"{label}: {', '.join(names) or 'none'}"


def unknown(
    kind: str, name: str, known: Iterable[str], where: Place | str | None = None, *, scope: str = "this project"
) -> Problem:
    """Return the Problem that `scope` has no `kind` (job, table, ...) with the name `name`."""
    return Problem(f"there is no {kind} '{name}'", where, did_you_mean(name, known, f"{kind}s of {scope}"))
