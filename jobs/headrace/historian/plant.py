"""The front door for Python: one environment of a project, and the stored data in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from pyiceberg.io.pyarrow import schema_to_pyarrow

from headrace.environment import iceberg, settings, warehouse
from headrace.environment.settings import Settings
from headrace.historian.historian import Historian
from headrace.historian.read.chunked_reader import Nonfinite
from headrace.project.paths import Project
from headrace.project.system_tables import TAGS


@dataclass(frozen=True)
class Plant:
    """The Iceberg tables of one environment: `headrace.open` returns it.

    It holds no connection and no snapshot: each call reads the tables at their current snapshots. The exception is the
    `Historian` that `historian()` returns, which is pinned to the snapshots at that moment.
    """

    project: Project
    env: str
    settings: Settings
    """Settings of the environment; secrets are references, resolved only when a connection is made."""

    def historian(self, *, nonfinite: Nonfinite = "error") -> Historian:
        """Return a historian of the current snapshots: readings, aggregates, states and trends of tags.

        `nonfinite` says what a good or uncertain reading that is NaN or infinite becomes: "error" (default) raises
        UserError, "bad" reads it as a reading of bad quality. Raises PlatformError if the tables cannot be read.
        """
        return Historian.open(self.settings, nonfinite=nonfinite)

    def sql(self, query: str) -> pa.Table:
        """Return the rows of one SELECT in DuckDB's SQL; tables are `<namespace>.<table>`, times are UTC.

        The result is held in memory; `.to_pandas()` converts it to a data frame. Raises UserError for SQL that is
        wrong or that writes, PlatformError if a table cannot be read.
        """
        with warehouse.open(self.settings) as connection:
            answer = warehouse.ask(connection, query)
            with warehouse.errors_reported():
                return answer.to_arrow_table()

    @property
    def tables(self) -> dict[str, str]:
        """Every table of the catalog, `<namespace>.<table>` in order, with its description, "" if it has none.

        Raises PlatformError if the catalog cannot be read.
        """
        catalog = iceberg.connect(self.settings)
        tables = {name: iceberg.load_table(catalog, name) for name in iceberg.table_names(catalog)}
        return {name: table.properties.get("comment", "") for name, table in tables.items()}

    def tags(self, pattern: str = "*") -> pa.Table:
        """Return one row per tag that is listed in historian.tags or has readings and matches `pattern`, sorted by tag.

        `*` stands for any text and `?` for one character, whatever the case; brackets stand for themselves. Columns:
        tag, description, asset, unit, low_limit, high_limit, range_low, range_high (in the unit), interpolation;
        all but the first are null for a tag that is not listed. Raises PlatformError if the tables cannot be read.
        """
        names = self.historian().tag_names
        table = iceberg.load_table(iceberg.connect(self.settings), TAGS)
        schema = schema_to_pyarrow(table.schema(), include_field_ids=False)
        return pa.Table.from_pylist([dict(names.row(name)) for name in names.find(pattern)], schema)


def open(env: str = "local", project: Project | Path | str | None = None) -> Plant:  # noqa: A001 - headrace.open
    """Return the plant of an environment, a file of the project's `catalogs/`.

    `project` is the project's folder, or one below it. By default it is HEADRACE_PROJECT if that is set, else the
    project that the working directory is in. Raises UserError for an unknown project or environment, and for settings
    that are not valid.
    """
    home = project if isinstance(project, Project) else Project.find(None if project is None else Path(project))
    return Plant(home, env, settings.load(home, env))
