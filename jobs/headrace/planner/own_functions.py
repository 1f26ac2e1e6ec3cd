"""Functions of a project's own: what is shipped with a job, and how Flink knows them."""

from __future__ import annotations

from pathlib import Path

from headrace.planner import release as releases
from headrace.project import function_files
from headrace.project.function_kinds import OnnxFunction
from headrace.project.job import Job
from headrace.project.paths import Project
from headrace_udfs.onnx_function import NetworkUse
from headrace_udfs.own_function import OwnFunction, locate


def described(project: Project, name: str) -> OwnFunction:
    """Return the function as its worker knows it. Workers in this process find its files; UserError as `load` does."""
    file, folder = function_files.load(project, name), function_files.folder(project, name)
    network = None
    if isinstance(file, OnnxFunction):
        network = NetworkUse(file.model, file.network.inputs, file.network.outputs)
    function = OwnFunction(
        name,
        digest(project, name),
        {each: argument.type for each, argument in file.inputs.items()},
        {each: argument.type for each, argument in file.outputs.items()},
        network,
    )
    locate(function, folder)
    return function


def digest(project: Project, name: str) -> str:
    """Return the sha256 of the files of a function."""
    return releases.content_digest(files(project, name))


def files(project: Project, name: str) -> dict[str, bytes]:
    """Return the files of a function, by their names in its folder."""
    return releases.package_files(function_files.folder(project, name))


def register(environment, project: Project, job: Job) -> None:  # type: ignore[no-untyped-def]
    """Register the functions that the job names. Raises UserError for faults in their files."""
    from headrace_udfs.flink_sql_functions import own_function  # noqa: PLC0415 - imports PyFlink

    for name in job.functions:
        environment.create_temporary_system_function(name, own_function(described(project, name)))


def folders(project: Project, job: Job) -> list[Path]:
    """Return the folders of the functions that the job names."""
    return [function_files.folder(project, name) for name in job.functions]
