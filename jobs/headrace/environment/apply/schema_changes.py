"""Register the schemas of topics that jobs write, so that no job has to: a registry may refuse one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from headrace.environment.schema_registry import SchemaRegistry
from headrace.environment.settings import Settings
from headrace.errors import Place, PlatformError, Problem, UserError
from headrace.project import topic_files
from headrace.project.paths import Project
from headrace_udfs.encoding import Encoding
from headrace_udfs.registry import Registry, SchemaRefused
from headrace_udfs.schemas import RegistryFailed, UnknownSchema

_EVOLVE = "keep the columns that there are, and add others without `required: true`; or write to another topic"


@dataclass(frozen=True)
class SchemaPlan:
    """The schema of a topic's file. number: its id in the registry; None if it is not registered."""

    file: str
    encoding: Encoding
    number: int | None

    @property
    def subject(self) -> str:
        """The subject that it is registered under."""
        return self.encoding.subject


def plan(project: Project, settings: Settings, names: Iterable[str] | None = None) -> list[SchemaPlan]:
    """Return the schemas of the files `names` of sql/_topics/, or of all of them; topics of JSON have none.

    Without a registry, none is registered. Raises UserError for faulty files; PlatformError.
    """
    chosen = topic_files.names(project) if names is None else names
    encodings = {name: each for name in chosen if (each := topic_files.encoding(project, name))}
    if not encodings or settings.schema_registry is None:
        return [SchemaPlan(name, each, None) for name, each in encodings.items()]
    with _opened(settings.schema_registry) as registry:
        return [SchemaPlan(name, each, _number(registry, each)) for name, each in encodings.items()]


def missing(project: Project, settings: Settings) -> list[SchemaPlan]:
    """Return the schemas of all files that are not registered; none without a registry. Raises as `plan` does."""
    if settings.schema_registry is None:
        return []  # jobs that write such a topic are refused; the others go on
    return [each for each in plan(project, settings) if each.number is None]


def apply(project: Project, settings: Settings) -> list[str]:
    """Register the schemas that are not registered, and return their subjects; none without a registry.

    Raises UserError with each one that the registry refuses, after the others are registered; PlatformError.
    """
    absent = missing(project, settings)
    if not absent or settings.schema_registry is None:
        return []
    problems: list[Problem] = []
    with _opened(settings.schema_registry) as registry:
        for each in absent:
            try:
                registry.register(each.subject, each.encoding.schema)
            except SchemaRefused as error:
                what = f"the registry refuses its schema under {each.subject}: {error}"
                problems.append(Problem(what, Place.of(topic_files.path(project, each.file)), _EVOLVE))
    if problems:
        raise UserError(problems)
    return [each.subject for each in absent]


def _number(registry: Registry, encoding: Encoding) -> int | None:
    try:
        return registry.id_of(encoding.subject, encoding.schema)
    except UnknownSchema:
        return None


@contextmanager
def _opened(registry: SchemaRegistry) -> Iterator[Registry]:
    try:
        client = registry.address().open("")
        try:
            yield client
        finally:
            client.close()
    except RegistryFailed as error:
        what, _, fix = str(error).partition(" fix: ")
        raise PlatformError(what.strip(), fix=fix or None) from None
