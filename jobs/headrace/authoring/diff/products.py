"""Data products whose readers a change would break."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from headrace.errors import CheckFailed, Place, Problem, UserError
from headrace.project import table_files, yaml_file
from headrace.project.paths import Project
from headrace.project.product_changes import breaking
from headrace.project.table import Table


@dataclass(frozen=True)
class ProductChange:
    """How a product differs in what its readers rely on, and why that is refused, if it is.

    `version` is the one that it has now, None if it has stopped being one.
    """

    table: str
    was_version: int
    version: int | None
    breaking: tuple[str, ...]
    problem: Problem | None

    @property
    def versions(self) -> str:
        """Its versions in words."""
        if self.version is None:
            return f"version {self.was_version} is gone"
        same = self.version == self.was_version
        return f"version {self.version}" if same else f"version {self.was_version} → {self.version}"

    def to_json(self) -> dict[str, Any]:
        """Return the change as one JSON object."""
        return {
            "table": self.table,
            "was_version": self.was_version,
            "version": self.version,
            "breaking": list(self.breaking),
            "refused": self.problem.to_json() if self.problem else None,
        }


def changes(now: Project, then: Project) -> Iterator[ProductChange]:
    """Yield the products of the project `then` whose version differs now, or whose readers a change breaks.

    A table whose old file cannot be read is passed over. Raises UserError for faults of the files as they are now.
    """
    tables = table_files.load_all(now)
    for name in table_files.names(then):
        was = _read(then, name)
        if was is None or was.product is None:
            continue
        table, before = tables.get(name), was.product.version
        broken, product = tuple(breaking(was, table)), table.product if table else None
        version = product.version if product else None
        if broken or version != before:
            yield ProductChange(name, before, version, broken, _problem(now, name, before, version, broken))


def require_new_versions(products: Iterable[ProductChange]) -> None:
    """Raise CheckFailed if a change breaks the readers of a product that keeps its version, or lowers the version."""
    if problems := [each.problem for each in products if each.problem]:
        raise CheckFailed(problems)


def _read(project: Project, name: str) -> Table | None:
    try:
        return table_files.pick(project, [name])[name]
    except UserError:
        return None


def _problem(project: Project, name: str, was: int, now: int | None, broken: tuple[str, ...]) -> Problem | None:
    path = table_files.path_of(project, name)
    if now is None:
        fix = "deprecate it first: product: {deprecated: {since: DATE, use: TABLE}}"
        return Problem(f"{name}: {broken[0]}", Place.of(path), fix) if broken else None
    where = yaml_file.place(path, ("product", "version"))
    if now < was:
        return Problem(f"{name} was version {was}, and is {now}", where, f"write {was}, or a higher one")
    if broken and now == was:
        others = f", and {len(broken) - 1} more" if len(broken) > 1 else ""
        fix = f"keep it, or write version: {was + 1}; a new table next to this one, deprecated, breaks nobody"
        return Problem(f"{name} breaks its readers: {broken[0]}{others}", where, fix)
    return None
