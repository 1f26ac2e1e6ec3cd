"""What a function imports: only what the workers have."""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

from headrace.errors import Place, Problem
from headrace.project import function_files
from headrace.project.paths import Project

_LOCK = Path("k8s") / "image" / "requirements.lock"
"""The packages of the workers' image."""
_OF_THE_ENGINE = ("headrace", "table_api", "pyflink")


def problems(project: Project, path: Path) -> Iterator[Problem]:
    """Yield a problem for each module that the file imports and a worker does not have.

    An import within a try is left to the try. Raises UserError for faults of the file's syntax.
    """
    tree = function_files.parsed(path)
    tried = {id(node) for each in ast.walk(tree) if isinstance(each, ast.Try) for node in ast.walk(each)}
    for node in ast.walk(tree):
        if id(node) in tried or not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        for module in _imported(node):
            if fault := _fault(project, path, module.partition(".")[0]):
                what, fix = fault
                yield Problem(what, Place.of(path, node.lineno, node.col_offset + 1), fix)


def _imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if node.module and not node.level else []


def _fault(project: Project, path: Path, name: str) -> tuple[str, str] | None:
    if name in sys.stdlib_module_names or name == "headrace_udfs":
        return None
    if (path.parent / f"{name}.py").is_file() or (path.parent / name).is_dir():
        return f"'{name}' is a file of this folder, which is a package", f"write from . import {name}"
    if name in _OF_THE_ENGINE:
        return f"a function cannot import '{name}'", "take what it needs as an argument, or copy it into the folder"
    shipped = _shipped(project.root / _LOCK)
    if shipped is not None:
        known = {_plain(each) for each in packages_distributions().get(name, [name])}
        if not known & shipped:
            return f"the workers have no module '{name}'", f"use another one, or add its package to {_LOCK.as_posix()}"
    elif importlib.util.find_spec(name) is None:
        return f"there is no module '{name}' here, so the workers have none", "use another one, or install its package"
    return None


@cache
def _shipped(lock: Path) -> frozenset[str] | None:
    """Return the names of the packages in a lock; None without one."""
    if not lock.is_file():
        return None
    names = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==", lock.read_text(encoding="utf-8"), re.MULTILINE)
    return frozenset(map(_plain, names))


def _plain(name: str) -> str:
    return re.sub("[-_.]+", "-", name).lower()
