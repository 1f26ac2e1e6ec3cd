"""A table's metadata files: how many stay, and whether the current one is larger than it should be."""

from __future__ import annotations

from dataclasses import dataclass

from pyiceberg.catalog import Catalog
from pyiceberg.table import Table

from headrace.environment import iceberg
from headrace.environment.settings import Settings
from headrace.project.paths import Project
from headrace.project.table_files import names

DELETED = "write.metadata.delete-after-commit.enabled"
DEFAULTS = {DELETED: "true", "write.metadata.previous-versions-max": "100"}
"""The properties of a table that does not set them: each commit then deletes the oldest metadata file, and 100 stay."""
LARGE = 10 * 2**20
"""Bytes of metadata from which on a table is slow: some 10,000 snapshots, which every commit writes again."""


@dataclass(frozen=True)
class Large:
    """A table whose metadata file is larger than it should be."""

    table: str
    bytes: int

    @property
    def sentence(self) -> str:
        """What that means, and what to do."""
        return (
            f"its metadata is {self.bytes / 1e6:,.0f} MB, which each commit writes and each query reads: run headrace "
            "maintain every hour; headrace maintain --dry-run shows what is kept and why"
        )


def set_defaults(catalog: Catalog, name: str) -> None:
    """Set what DEFAULTS has in addition to the table's own properties, if any is missing. Raises PlatformError."""

    def attempt() -> None:
        table = iceberg.load_table(catalog, name)
        if missing := {key: value for key, value in DEFAULTS.items() if key not in table.properties}:
            with table.transaction() as transaction:
                transaction.set_properties(missing)

    iceberg.commit(name, attempt)


def keeps_all(table: Table) -> bool:
    """Whether commits leave every metadata file in the table's folder."""
    return table.properties.get(DELETED) != "true"


def large(project: Project, settings: Settings) -> list[Large]:
    """Return the tables of the project whose metadata file has LARGE bytes or more. Raises PlatformError."""
    catalog = iceberg.connect(settings)
    return [each for name in names(project) for each in large_of(catalog, name)]


def large_of(catalog: Catalog, name: str) -> list[Large]:
    """Return the table if its metadata file is that large, without reading the file. Raises PlatformError."""
    size = iceberg.metadata_size(catalog, name) or 0
    return [Large(name, size)] if size >= LARGE else []
