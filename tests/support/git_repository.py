"""The project's files in a git repository of a test's own: committed, then changed."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from headrace.project.paths import Project
from support import ROOT

_PARTS = ("sql", "catalogs", "udfs", "jobs/table_api")


@dataclass(frozen=True)
class Repository:
    """A project under git. Its paths are from the project's root."""

    project: Project

    def edit(self, path: str, was: str, now: str) -> None:
        """Put `now` in the place of the text `was`, which stands there."""
        file = self.project.root / path
        text = file.read_text()
        assert was in text, f"{path} holds no {was!r}"
        file.write_text(text.replace(was, now))

    def write(self, path: str, text: str) -> None:
        file = self.project.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def remove(self, path: str) -> None:
        place = self.project.root / path
        if place.is_dir():
            shutil.rmtree(place)
        else:
            place.unlink()

    def commit(self) -> None:
        git(self.project.root, "add", "--all")
        git(self.project.root, "commit", "--quiet", "--message", "as it was")


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=test", "-c", "user.email=test@example.org")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def laid_out(folder: Path, within: str = ".") -> Repository:
    """The project's files as they are, committed in a repository at `folder`, in its subfolder `within`."""
    root = (folder / within).resolve()
    for part in _PARTS:
        shutil.copytree(ROOT / part, root / part, ignore=shutil.ignore_patterns("__pycache__"))
    git(folder, "init", "--quiet", "--initial-branch=main")
    made = Repository(Project(root, root / ".headrace"))
    made.commit()
    return made


@pytest.fixture(scope="session")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the project's files are committed once, for each test to have a copy."""
    return laid_out(tmp_path_factory.mktemp("committed")).project.root


@pytest.fixture
def repository(committed: Path, tmp_path: Path) -> Repository:
    """The project's files, committed."""
    root = tmp_path / "project"
    shutil.copytree(committed, root)
    return Repository(Project(root, root / ".headrace"))
