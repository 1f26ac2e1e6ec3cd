"""The folders of a project: its files, and the state of this machine."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from headrace.errors import UserError


@dataclass(frozen=True)
class Project:
    """`root` holds `sql/` and `catalogs/`; `home` (default `root/.headrace`) everything created on this machine."""

    root: Path
    home: Path

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
