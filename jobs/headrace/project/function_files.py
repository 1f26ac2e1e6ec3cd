"""Functions of a project's own: udfs/<name>/ with function.yaml, what computes it, and any files that it reads."""

from __future__ import annotations

import ast
import keyword
from collections.abc import Iterator
from pathlib import Path

from headrace.errors import Place, Problem, UserError, unknown
from headrace.project import python_module, yaml_file
from headrace.project.function_kinds import NAME, AnyFunction, FunctionFile, OnnxFunction
from headrace.project.paths import Project
from headrace_udfs.own_function import COMPUTE, MODULE

FILE = "function.yaml"
"""The file of a function, in its folder."""
RESERVED = ("headrace_udfs", "headrace", "models", "table_api")
"""Names that no function can have: folders of udfs/ that are something else, and packages of the workers."""


def folder(project: Project, name: str) -> Path:
    """Return the folder of the function `name`, which may not exist."""
    return project.root / "udfs" / name


def names(project: Project) -> list[str]:
    """Return the names of all functions, sorted: the folders of udfs/ that are not reserved."""
    there = (path for path in folder(project, "").glob("*") if path.is_dir())
    return sorted(path.name for path in there if path.name not in RESERVED and path.name[0] not in "._")


def load(project: Project, name: str) -> FunctionFile:
    """Return the function.yaml of `name`.

    Raises UserError with every fault of the file, and of the module or the network next to it, each at its line.
    """
    path = folder(project, name) / FILE
    if not path.is_file():
        if path.parent.is_dir() and name in names(project):
            fix = f"write one, or see what headrace new function {name} writes"
            raise UserError(f"the function has no {FILE}", Place.of(path), fix)
        raise UserError([unknown("function", name, names(project), Place.of(path))])
    problems: list[Problem] = []
    try:
        file = yaml_file.load(path, AnyFunction).root
    except UserError as error:
        raise UserError([*error.problems, *_syntax(path.parent)]) from None
    if file.name != name:
        where = yaml_file.place(path, ("name",))
        problems.append(Problem(f"name is '{file.name}', the folder says '{name}'", where, f"write name: {name}"))
    problems += [*_of_network(path, file)] if isinstance(file, OnnxFunction) else [*_of_module(path.parent, file)]
    if problems:
        raise UserError(problems)
    return file


def misnamed(name: str) -> str | None:
    """Return why no function can have this name, if its letters say so."""
    if name in RESERVED:
        return f"'{name}' is reserved for headrace"
    return None if NAME.fullmatch(name) else f"'{name}' is not a valid name of a function"


def parsed(path: Path) -> ast.Module:
    """Return the syntax tree of a file in Python. Raises UserError at the line of its fault."""
    try:
        return python_module.parsed(path)
    except UserError as error:
        (problem,) = error.problems
        raise UserError(problem.what, problem.where, "correct the syntax at this line") from None
    except ValueError as error:  # of its encoding
        raise UserError(f"not Python: {error}", Place.of(path), "save it as UTF-8") from None


def _syntax(path: Path) -> list[Problem]:
    if not (path / MODULE).is_file():
        return []
    try:
        parsed(path / MODULE)
    except UserError as error:
        return error.problems
    return []


def _of_network(path: Path, file: OnnxFunction) -> Iterator[Problem]:
    if not (path.parent / file.model).is_file():
        where = yaml_file.place(path, ("model",))
        yield Problem(f"the folder has no file '{file.model}'", where, "put the ONNX file next to function.yaml")
    if (path.parent / MODULE).is_file():
        what = f"a function of kind onnx has no {MODULE}"
        yield Problem(what, Place.of(path.parent / MODULE), "remove it, or write kind: python")


def _of_module(path: Path, file: FunctionFile) -> Iterator[Problem]:
    module = path / MODULE
    signature = f"def {COMPUTE}({', '.join(file.inputs)})"
    if not module.is_file():
        yield Problem(f"the folder has no {MODULE}", Place.of(module), f"write it, with {signature}")
        return
    try:
        tree = parsed(module)
    except UserError as error:
        yield from error.problems
        return
    compute = next((each for each in tree.body if isinstance(each, ast.FunctionDef) and each.name == COMPUTE), None)
    if compute is None:
        yield Problem(f"{MODULE} has no function '{COMPUTE}'", Place.of(module), f"write {signature}")
        return
    takes = compute.args
    if takes.kwarg:
        return
    if words := [name for name in file.inputs if keyword.iskeyword(name)]:
        where = yaml_file.place(path / FILE, ("inputs", words[0]))
        yield Problem(f"no parameter can be called '{words[0]}', a keyword of Python", where, "give it another name")
        return
    named = [each.arg for each in (*takes.posonlyargs, *takes.args, *takes.kwonlyargs)]
    if sorted(named) != sorted(file.inputs) or takes.posonlyargs or takes.vararg:
        inputs = ", ".join(file.inputs)
        what = f"{COMPUTE}() takes {', '.join(named) or 'nothing'}; function.yaml has the inputs {inputs}"
        yield Problem(what, Place.of(module, compute.lineno), f"write {signature}")
