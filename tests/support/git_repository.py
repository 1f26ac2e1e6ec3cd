"""The project's files in a git repository for a test: committed, then changed."""

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
    """A project under git. Paths are relative to the project's root."""

    project: Project

    def edit(self, path: str, was: str, now: str) -> None:
        """Replace the text `was`, which the file must contain, with `now`."""
        file = self.project.root / path
        text = file.read_text()
        assert was in text, f"{path} holds no {was!r}"
        file.write_text(text.replace(was, now))

    def write(self, path: str, text: str) -> None:
        """Write a file, and create its folders."""
        file = self.project.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def remove(self, path: str) -> None:
        """Remove a file or a folder."""
        target = self.project.root / path
        if target.is_dir():
            shutil.rmtree(target)
        else:
            target.unlink()

    def commit(self) -> None:
        """Commit all changes."""
        git(self.project.root, "add", "--all")
        git(self.project.root, "commit", "--quiet", "--message", "as it was")


def git(folder: Path, *arguments: str) -> None:
    """Run git in a folder."""
    identity = ("-c", "user.name=test", "-c", "user.email=test@example.org")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def laid_out(folder: Path, within: str = ".") -> Repository:
    """Commit the project's files in a new repository at `folder`, in its subfolder `within`."""
    root = (folder / within).resolve()
    for part in _PARTS:
        shutil.copytree(ROOT / part, root / part, ignore=shutil.ignore_patterns("__pycache__"))
    git(folder, "init", "--quiet", "--initial-branch=main")
    repository = Repository(Project(root, root / ".headrace"))
    repository.commit()
    return repository


@pytest.fixture(scope="session")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with the project's files committed; each test copies it."""
    return laid_out(tmp_path_factory.mktemp("committed")).project.root


@pytest.fixture
def repository(committed: Path, tmp_path: Path) -> Repository:
    """A separate repository for the test with the project's files committed."""
    root = tmp_path / "project"
    shutil.copytree(committed, root)
    return Repository(Project(root, root / ".headrace"))
