"""The project's own functions described as the engine describes its functions."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from headrace.authoring.functions import examples
from headrace.errors import Problem, UserError
from headrace.planner import own_functions
from headrace.project import function_files
from headrace.project.function_kinds import Argument, FunctionFile
from headrace.project.paths import Project
from headrace_udfs.function_doc import Column, FunctionDoc
from headrace_udfs.own_function import Compute, OwnFunction
from headrace_udfs.step_protocol import Columns


def docs(project: Project) -> dict[str, FunctionDoc]:
    """Return the description of each function, by name. Raises UserError if one does not give what it says."""
    outcomes = [examples.run(project, name) for name in function_files.names(project)]
    problems: list[Problem] = [problem for outcome in outcomes for problem in outcome.problems]
    if problems:
        raise UserError(problems)
    files = {outcome.name: function_files.load(project, outcome.name) for outcome in outcomes}
    return {name: _doc(file, own_functions.described(project, name)) for name, file in files.items()}


def _doc(file: FunctionFile, function: OwnFunction) -> FunctionDoc:
    example = {
        name: [examples.plain(row.given[name], argument.type) for row in file.example]
        for name, argument in file.inputs.items()
    }
    return FunctionDoc(
        file.name,
        file.doc,
        file.null,
        file.source,
        _columns(file.inputs),
        _columns(file.outputs),
        example,
        partial(_apply, function, function.open()),
    )


def _apply(function: OwnFunction, compute: Compute, columns: Columns) -> Columns:
    return function.run(compute, columns)[0]


def _columns(arguments: Mapping[str, Argument]) -> dict[str, Column]:
    return {name: Column(argument.type, argument.unit) for name, argument in arguments.items()}
