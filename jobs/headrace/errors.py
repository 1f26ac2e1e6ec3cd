"""One tree of errors that a person reads: what is wrong, where, what to do; never a stack trace."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, order=True)
class Place:
    """A point in a file; `line` and `column` count from 1, 0 is unknown."""

    file: str
    line: int = 0
    column: int = 0

    @classmethod
    def of(cls, path: Path, line: int = 0, column: int = 0) -> Place:
        """The place as a user types it: relative to the working directory where the file is below it."""
        try:
            shown = path.resolve().relative_to(Path.cwd())
        except ValueError:
            shown = path
        return cls(str(shown), line, column)

    def __str__(self) -> str:
        return ":".join([self.file, *(str(n) for n in (self.line, self.column) if n)])


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: what it is, where it stands, and what mends it."""

    what: str
    where: Place | str | None = None
    fix: str | None = None

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else self.what
        return f"{head}\n  fix: {self.fix}" if self.fix else head

    def to_json(self) -> dict[str, str | None]:
        """As one JSON object."""
        return {"what": self.what, "where": str(self.where) if self.where else None, "fix": self.fix}


class HeadraceError(Exception):
    """Base of all that is told to the user. `exit_code` is what the command ends with."""

    exit_code = 3

    def __init__(self, what: str | list[Problem], where: Place | str | None = None, fix: str | None = None) -> None:
        self.problems = [Problem(what, where, fix)] if isinstance(what, str) else what
        super().__init__("\n".join(map(str, self.problems)))


class CheckFailed(HeadraceError):
    """A check ran and said no."""

    exit_code = 1


class UserError(HeadraceError):
    """The user's files or arguments are at fault."""

    exit_code = 2


class PlatformError(HeadraceError):
    """A service, the disk or the network failed; the user's files are not at fault."""

    exit_code = 3
