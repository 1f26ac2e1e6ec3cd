"""The module of a Table API job, jobs/table_api/<module>.py, read without running it."""

from __future__ import annotations

import ast
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from headrace.errors import Place, UserError, unknown
from headrace.project.paths import Project

PACKAGE = "table_api"
FUNCTION = "tables"
# Python before 3.11.8 counts the depth of a syntax tree over all threads, and fails if two parse at once.
_ONE_TREE = threading.Lock()


@dataclass(frozen=True)
class ModuleFile:
    """The module's syntax tree, and the line of its function `tables`."""

    path: Path
    tree: ast.Module
    line: int

    @property
    def on_time(self) -> frozenset[str]:
        """Names of the sources that it passes to on_time() as literals."""
        return frozenset(text for call in self._calls("on_time") for text in call)

    def place(self, text: str) -> Place:
        """Return the first line with the literal `text`, or the line of the function `tables` if there is none."""
        matches = (node for node in ast.walk(self.tree) if isinstance(node, ast.Constant) and node.value == text)
        line = min((node.lineno for node in matches), default=self.line)
        return Place.of(self.path, line)

    def place_of(self, error: BaseException) -> Place | None:
        """Return the innermost line of the project's table_api in the error's traceback; None if there is none."""
        if isinstance(error, SyntaxError) and error.filename and Path(error.filename).is_relative_to(self.path.parent):
            return Place.of(Path(error.filename), error.lineno or 0, error.offset or 0)
        return next(reversed([*_passed(error.__traceback__, self.path.parent)]), None)

    def place_in(self, message: str) -> Place | None:
        """Return the innermost line of the project's table_api in the text of a worker's traceback, if any."""
        lines = re.findall(rf'File "[^"]*/({PACKAGE}/[^"]+)", line (\d+)', message)
        return Place.of(self.path.parents[1] / lines[-1][0], int(lines[-1][1])) if lines else None

    def _calls(self, name: str) -> Iterator[tuple[str, ...]]:
        """Yield the arguments of each call of `<something>.<name>(...)` that are literal texts."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == name:
                arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
                yield tuple(
                    arg.value for arg in arguments if isinstance(arg, ast.Constant) and isinstance(arg.value, str)
                )


def package(project: Project) -> Path:
    """Return the folder of the project's modules and of the modules that they import."""
    return project.root / "jobs" / PACKAGE


def load(project: Project, name: str) -> ModuleFile:
    """Return the module `name`. Raises UserError if there is none, it is not Python, or has no `tables(inputs)`."""
    folder = package(project)
    path = folder / f"{name}.py"
    if not path.is_file():
        known = sorted(module.stem for module in folder.glob("[!_]*.py"))
        raise UserError([unknown("module", name, known, Place.of(path), scope=f"jobs/{PACKAGE}")])
    tree = parsed(path)
    function = next((each for each in tree.body if isinstance(each, ast.FunctionDef) and each.name == FUNCTION), None)
    if function is None:
        fix = f"write def {FUNCTION}(inputs), which returns a dict with one Table per sink"
        raise UserError(f"the module has no function '{FUNCTION}'", Place.of(path), fix)
    return ModuleFile(path, tree, function.lineno)


def parsed(path: Path) -> ast.Module:
    """Return the syntax tree of a file. Raises UserError at the line of its fault, if it is not Python."""
    try:
        with _ONE_TREE:
            return ast.parse(path.read_text(encoding="utf-8"))
    except SyntaxError as error:
        raise UserError(f"not Python: {error.msg}", Place.of(path, error.lineno or 0, error.offset or 0)) from None


def _passed(trace: TracebackType | None, folder: Path) -> Iterator[Place]:
    while trace:
        path = Path(trace.tb_frame.f_code.co_filename)
        if path.is_relative_to(folder):
            yield Place.of(path, trace.tb_lineno)
        trace = trace.tb_next
