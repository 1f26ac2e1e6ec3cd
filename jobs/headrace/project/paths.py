"""The folders of a project: its files, and the state of this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from headrace.errors import Place, Problem, UserError

_PARTS = ("sql", "catalogs", "udfs")


@dataclass(frozen=True)
class Project:
    """`root` holds `sql/` and `catalogs/`; `home` (default `root/.headrace`) everything created on this machine.

    Raises UserError if a file or folder of `sql/`, `catalogs/` or `udfs/` is a link that leads out of `root`: commands
    show what they read, and a job is what its repository holds.
    """

    root: Path
    home: Path

    def __post_init__(self) -> None:
        """Refuse links that lead out."""
        links = sorted(_links_out(self.root))
        if links:
            raise UserError([_leads_out(link) for link in links])

    @classmethod
    def find(cls, start: Path | None = None) -> Project:
        """Return the project that `start` (default: the working directory) is in.

        Without `start`, HEADRACE_PROJECT, if it is set, is the root; HEADRACE_HOME, if it is set, is always the home.
        Raises UserError if there is no project.
        """
        if start is None and (named := os.environ.get("HEADRACE_PROJECT")):
            root = Path(named).resolve()
        else:
            folder = (start or Path.cwd()).resolve()
            roots = (p for p in (folder, *folder.parents) if (p / "sql").is_dir() and (p / "catalogs").is_dir())
            root = next(roots, folder)
        if not ((root / "sql").is_dir() and (root / "catalogs").is_dir()):
            raise UserError(
                f"{root} is not in a headrace project (no sql/ and catalogs/ folders here or above)",
                fix="run it inside the project, or set HEADRACE_PROJECT to its root",
            )
        home = Path(os.environ.get("HEADRACE_HOME") or root / ".headrace").resolve()
        return cls(root, home)

    @property
    def sql(self) -> Path:
        """The folder of jobs, tables, sources and macros."""
        return self.root / "sql"

    @property
    def local(self) -> Path:
        """State of the local platform: broker log, checkpoints, warehouse, end points, service logs."""
        return self.home / "local"


def _links_out(root: Path) -> Iterator[Path]:
    """Yield each link whose target is not below `root`, in the project's parts and in the folders they link to."""
    real, left, seen = Path(os.path.realpath(root)), [root / part for part in _PARTS], set[Path]()
    while left:
        path = left.pop()
        target = Path(os.path.realpath(path))
        if not target.is_relative_to(real):
            yield path
        elif target not in seen and target.is_dir():
            seen.add(target)
            with suppress(PermissionError), os.scandir(path) as entries:
                left += [path / each.name for each in entries if each.is_symlink() or each.is_dir()]


def _leads_out(link: Path) -> Problem:
    where = Place(str(Path(Place.of(link.parent).file) / link.name))
    what = f"the link leads out of the project, to {os.path.realpath(link)}"
    return Problem(what, where, "put a copy of the file in its place")
