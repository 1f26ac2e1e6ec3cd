"""Check out the project at a git ref into a folder of its own; the working tree is not touched."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from headrace.environment import settings
from headrace.environment.settings import Settings
from headrace.errors import Place, PlatformError, Problem, UserError
from headrace.project.paths import Project

_PARTS = ("sql", "catalogs", "udfs", "jobs/table_api")


@contextmanager
def at(project: Project, ref: str) -> Iterator[Project]:
    """Yield the project at the git ref `ref`, in a temporary folder; without jobs if the project did not exist yet.

    Raises UserError if there is no such ref or no git repository. Places in errors are written as git writes them.
    """
    commit = commit_of(project, ref)
    with TemporaryDirectory(prefix="headrace-at-") as folder:
        root = Path(folder).resolve()
        (root / "sql").mkdir()
        (root / "catalogs").mkdir()
        if parts := _git(project, "ls-tree", "--name-only", commit, "--", *_PARTS).decode().split():
            # Only the working directory, by names relative to it: the project may be a folder of its repository.
            packed = _git(project, "archive", "--format=tar", commit, "--", *parts)
            try:
                with tarfile.open(fileobj=io.BytesIO(packed)) as files:
                    files.extractall(root, filter="data")
            except tarfile.TarError as error:
                raise UserError(f"the files of '{ref}' cannot be unpacked: {error}", str(project.root)) from None
        try:
            yield Project(root, project.home)
        except UserError as error:
            raise UserError([_placed(problem, root, ref) for problem in error.problems]) from None


def settings_at(then: Project, env: str, otherwise: Settings) -> Settings:
    """Return the environment's settings in the earlier project `then`, or `otherwise` if it had no such environment."""
    exists = (then.root / "catalogs" / f"{env}.yaml").is_file()
    return settings.load(then, env) if exists else otherwise


def commit_of(project: Project, ref: str) -> str:
    """Return the hash of the commit that `ref` names. Raises UserError."""
    _git(project, "rev-parse", "--git-dir")
    try:
        commit = _git(project, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    except PlatformError:
        fix = "name a branch, a tag or a commit; fetch a remote one first: git fetch origin main"
        raise UserError(f"git knows no ref '{ref}'", str(project.root), fix) from None
    return commit.decode().strip()


def _placed(problem: Problem, root: Path, ref: str) -> Problem:
    """Return the problem with its place in the unpacked files written as git writes it, HEAD:sql/..."""
    where = problem.where
    if isinstance(where, Place) and Path(where.file).is_relative_to(root):
        where = replace(where, file=f"{ref}:{Path(where.file).relative_to(root).as_posix()}")
    return replace(problem, where=where)


def _git(project: Project, *arguments: str) -> bytes:
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=project.root, env={**os.environ, "LC_ALL": "C"}, capture_output=True, check=False
        )
    except FileNotFoundError:
        raise PlatformError("git is not on the PATH", fix="install it") from None
    if done.returncode:
        message = done.stderr.decode(errors="replace").strip()
        if "not a git repository" in message:
            fix = "put the project under git: changes are compared with a commit"
            raise UserError("the project is not in a git repository", str(project.root), fix)
        raise PlatformError(
            f"git {arguments[0]} failed: {message or f'exit code {done.returncode}'}", str(project.root)
        )
    return done.stdout
