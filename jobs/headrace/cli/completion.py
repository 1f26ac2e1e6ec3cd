"""Shell completion of jobs, tables, environments and tags.

Jobs, tables and environments come from file names alone. Tags are in the catalog, which is opened only to complete a
tag. If something fails, nothing is completed: an error must not appear in a half-written command line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import typer

from headrace.project.paths import Project


def jobs(incomplete: str) -> list[str]:
    """Return the jobs whose name starts with `incomplete`."""
    return _starting(incomplete, lambda project: _folders(project.sql))


def jobs_and_functions(incomplete: str) -> list[str]:
    """Return the jobs, and `function/<name>` for the functions, whose name starts with `incomplete`."""
    return _starting(
        incomplete,
        lambda project: [
            *_folders(project.sql),
            *(f"function/{file.parent.name}" for file in (project.root / "udfs").glob("*/function.yaml")),
        ],
    )


def tables(incomplete: str) -> list[str]:
    """Return the tables of sql/_tables/ whose name starts with `incomplete`."""
    return _starting(incomplete, lambda project: _stems((project.sql / "_tables").rglob("*.yaml")))


def sources(incomplete: str) -> list[str]:
    """Return the sources of sql/_sources/ whose name starts with `incomplete`."""
    return _starting(incomplete, lambda project: _stems((project.sql / "_sources").glob("*.yaml")))


def contracts(incomplete: str) -> list[str]:
    """Return the presets and the sources of sql/_sources/ whose name starts with `incomplete`."""
    from headrace.project import source_presets

    return sorted({*(name for name in source_presets.names() if name.startswith(incomplete)), *sources(incomplete)})


def topics(incomplete: str) -> list[str]:
    """Return the files of sql/_sources/ and sql/_topics/ whose name starts with `incomplete`."""
    folders = ("_sources", "_topics")
    return _starting(
        incomplete, lambda project: (name for each in folders for name in _stems((project.sql / each).glob("*.yaml")))
    )


def models(incomplete: str) -> list[str]:
    """Return the models of udfs/models/ whose name starts with `incomplete`."""
    return _starting(incomplete, lambda project: (file.parent.name for file in _models(project)))


def environments(incomplete: str) -> list[str]:
    """Return the environments, files of catalogs/, whose name starts with `incomplete`."""
    return _starting(incomplete, lambda project: _stems((project.root / "catalogs").glob("*.yaml")))


def tags(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the tags of historian.tags that start with `incomplete`, as patterns, of the command's environment.

    A tag that reports without being listed is not offered: to find it takes longer than a shell should wait.
    """

    def names(project: Project) -> Iterable[str]:
        from headrace.environment import settings
        from headrace.historian.tags import tags as listed
        from headrace.project import pattern

        rows = listed.matching(settings.load(project, ctx.params.get("env") or "local"))
        return (pattern.literal(row["tag"]) for row in rows)

    return _starting(incomplete, names)


def services(incomplete: str) -> list[str]:
    """Return the services of the local platform whose name starts with `incomplete`."""

    def names(_project: Project) -> Iterable[str]:
        from headrace.local.layout import SERVICES

        return SERVICES

    return _starting(incomplete, names)


def aggregates(incomplete: str) -> list[str]:
    """Return the OPC UA aggregates whose name starts with `incomplete`."""

    def names(_project: Project) -> Iterable[str]:
        from headrace.historian.aggregates import AGGREGATES

        return AGGREGATES

    return _starting(incomplete, names)


def _starting(incomplete: str, names: Callable[[Project], Iterable[str]]) -> list[str]:
    try:
        known = names(Project.find())
        return sorted(name for name in known if name.casefold().startswith(incomplete.casefold()))
    except Exception:  # whatever is wrong, the command itself reports it when it runs
        return []


def _folders(sql: Path) -> Iterable[str]:
    return (file.parent.relative_to(sql).as_posix() for file in sql.glob("[!_]*/*/job.yaml"))


def _models(project: Project) -> Iterable[Path]:
    return (project.root / "udfs" / "models").glob("*/model.yaml")


def _stems(files: Iterable[Path]) -> Iterable[str]:
    return (file.stem for file in files if not file.name.startswith("_"))
