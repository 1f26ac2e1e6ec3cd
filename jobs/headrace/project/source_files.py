"""Source contracts of a project: sql/_sources/<name>.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from headrace.errors import Place, Problem, UserError, unknown
from headrace.project import source_presets, yaml_file, yaml_text
from headrace.project.paths import Project
from headrace.project.system_tables import DEAD_LETTERS, MARKERS
from headrace_udfs.around import read_around
from headrace_udfs.contract import Contract


def load(project: Project, name: str) -> Contract:
    """Return the contract `name`. Raises UserError with every fault of its file, each at its line."""
    path = project.sql / "_sources" / f"{name}.yaml"
    if not path.is_file():
        raise UserError([unknown("source", name, names(project), Place.of(path))])
    return of_file(path)


def of_file(path: Path) -> Contract:
    """Return the contract in a file, with the keys of the preset that it names. Raises UserError as `load` does."""
    contract = yaml_file.load(path, Contract, complete=lambda data: source_presets.completed(data, path))
    if contract.schema_file is None:
        return contract
    from headrace.project import schema_files  # noqa: PLC0415 - it loads Protobuf, which few contracts need

    return schema_files.with_schema(contract, path)


def content(project: Project, name: str) -> dict[str, Any]:
    """Return the keys of the contract `name` and of its preset as a contract without a preset, in their usual order.

    Raises UserError as `load` does.
    """
    load(project, name)
    path = project.sql / "_sources" / f"{name}.yaml"
    keys = source_presets.completed(yaml_text.read(path)[1], path)
    names = [field.alias or name for name, field in Contract.model_fields.items()]
    return {key: keys[key] for key in names if key in keys and key != source_presets.KEY}


def refused_tables(project: Project, sources: list[str]) -> list[str]:
    """Return the tables for the records of sources that have no row: dead letters, and markers of a change stream."""
    marks = any(load(project, name).markers for name in sources)
    return [DEAD_LETTERS, *([MARKERS] if marks else [])] if sources else []


_PLACES = {"key": "the key", "header": "headers", "record_time": "the timestamp"}


def no_event_time(name: str, contract: Contract, *, by_module: bool = False) -> Problem | None:
    """Return the reason that the source's readings have no event time, which windows need; None if they have one.

    by_module: whether a module reads them. SQL reads them a row per message, by the message's value alone.
    """
    if contract.dictionary is not None:
        what = f"the names of '{name}' come with the stream, after the event time of its readings is needed"
        return Problem(what, fix="read the table of a job that keeps them")
    if contract.several:
        what = f"'{name}' has several topics, whose readings have no event time in common"
        return Problem(what, fix="read the table of a job that keeps them")
    if contract.watermark is None:
        fix = f"add watermark: {{lateness: 10s}} to sql/_sources/{name}.yaml"
        return Problem(f"the source '{name}' does not say how late a reading may come", fix=fix)
    if by_module:
        return None
    fix = "read the table of a job that keeps them, or read the source in a module"
    if around := [_PLACES[each] for each in read_around(contract) if each in _PLACES]:
        what = f"'{name}' reads {' and '.join(around)} of each record, which a job with windows in SQL does not get"
        return Problem(what, fix=fix)
    if contract.many:
        what = f"each message of '{name}' holds many readings, for which Flink cannot define an event time"
        return Problem(what, fix=fix)
    return None


def names(project: Project) -> list[str]:
    """Return the names of all contracts, sorted."""
    return sorted(path.stem for path in (project.sql / "_sources").glob("*.yaml"))
