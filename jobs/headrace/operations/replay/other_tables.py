"""Tables that get the rows of a job's own ones in a replay: made like these, or checked to be like them and empty."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from pyiceberg.catalog import Catalog
from pyiceberg.expressions import AlwaysTrue
from pyiceberg.table import Table

from headrace.environment import iceberg
from headrace.environment.apply.diff import listed, partition_of, sort_of
from headrace.errors import Place, PlatformError, Problem, UserError
from headrace.project import job_folder, table_files
from headrace.project.paths import Project

_OURS = "headrace.replay."
REPLAY, BRANCH, MADE = (f"{_OURS}{name}" for name in ("id", "branch", "made"))
"""Properties of a table with rows of a replay: its Flink job, its branch, and whether it has made the table."""
_ANOTHER = "name a table that does not exist; it is made like the job's own"


@dataclass(frozen=True)
class OtherTable:
    """The table `name`, which gets the rows of the job's table `own`."""

    name: str
    own: str

    def require_free(self, project: Project, catalog: Catalog) -> None:
        """Raise UserError if others write the table, or if it exists and is not like the job's own, without a row."""
        if self.name in table_files.names(project):
            raise UserError([self._written(project)])
        if found := iceberg.find_table(catalog, self.name):
            self._require_empty(found)
            if problems := [*self._differences(found, iceberg.load_table(catalog, self.own))]:
                raise UserError(problems)

    def take(self, catalog: Catalog, replay: str, branch: str) -> None:
        """Make the table, unless there is one, and note in it the replay, which alone writes it from now on.

        replay: the id of its Flink job. branch: that of the tables that it does not replace. Raises UserError if
        another replay has taken it meanwhile; PlatformError.
        """
        iceberg.commit(self.name, partial(self._take, catalog, {REPLAY: replay, BRANCH: branch}))

    def give_back(self, catalog: Catalog, replay: str) -> None:
        """Undo `take` and what was written since: the table is dropped, or empty as it was, if this replay has it."""
        found = iceberg.find_table(catalog, self.name)
        if found is None or found.properties.get(REPLAY) != replay:
            return
        if MADE in found.properties:
            purge(catalog, self.name)
        else:
            iceberg.commit(self.name, partial(self._empty, catalog))

    def _take(self, catalog: Catalog, taken: Mapping[str, str]) -> None:
        if found := iceberg.find_table(catalog, self.name):
            if found.properties.get(REPLAY) != taken[REPLAY]:
                self._require_empty(found)
                with found.transaction() as transaction:
                    transaction.set_properties(dict(taken))
            return
        own = iceberg.load_table(catalog, self.own)
        catalog.create_namespace_if_not_exists(self.name.partition(".")[0])
        catalog.create_table(
            self.name,
            schema=own.schema(),
            partition_spec=own.spec(),
            sort_order=own.sort_order(),
            properties={**_properties(own), "format-version": str(own.format_version), **taken, MADE: "true"},
        )

    def _empty(self, catalog: Catalog) -> None:
        found = iceberg.load_table(catalog, self.name)
        with found.transaction() as transaction:
            transaction.remove_properties(REPLAY, BRANCH)
            if iceberg.row_count(found):
                transaction.delete(AlwaysTrue())

    def _require_empty(self, found: Table) -> None:
        rows, replay = iceberg.row_count(found), REPLAY in found.properties
        if rows or replay:
            has = f"has {rows:,} rows: they" if rows else "is written by another replay: its rows"
            known = f"drop what the replay before has left: headrace tables drop {self.name}"
            fix = f"choose another name, or {known}" if MADE in found.properties else _ANOTHER
            raise UserError(f"{self.name} {has} and those of this replay would mix", "--into", fix)

    def _written(self, project: Project) -> Problem:
        file = table_files.path_of(project, self.name)
        jobs = [each.name for each in job_folder.jobs(project) if self.name in each.tables_written]
        by = jobs[0] if jobs else "headrace itself" if file.parent.name == "_system" else "people, from files"
        what = f"{self.name} is written by {by}: its rows and those of the replay would mix"
        return Problem(what, Place.of(file), "name a table that has no file in sql/_tables/")

    def _differences(self, found: Table, own: Table) -> Iterator[Problem]:
        """Yield how the table is not like the job's own."""
        columns, wanted = dict(_columns(found)), dict(_columns(own))
        for name in dict.fromkeys([*wanted, *columns]):
            if columns.get(name) != wanted.get(name):
                what = f"{name} is {columns.get(name, 'not there')}, and {wanted.get(name, 'not there')} in {self.own}"
                yield Problem(what, self.name, _ANOTHER)
        layouts = zip(_layout(found), _layout(own), strict=True)
        for (name, has), (_, needs) in layouts:
            if has != needs and (name != "order of columns" or {*columns} == {*wanted}):
                yield Problem(f"its {name} is {has}, and {needs} in {self.own}", self.name, _ANOTHER)


def made(catalog: Catalog, names: Iterable[str]) -> list[str]:
    """Return those of the tables that replays have made. One that cannot be read is taken for none."""
    found = []
    for name in names:
        with suppress(PlatformError):
            table = iceberg.find_table(catalog, name)
            if table and MADE in table.properties:
                found.append(name)
    return found


def purge(catalog: Catalog, name: str) -> None:
    """Drop a table with its files. Raises PlatformError."""
    with iceberg.errors_reported(f"table {name} cannot be dropped"):
        catalog.purge_table(name)


def _properties(table: Table) -> dict[str, str]:
    """Return the table's properties without the folders of its files: `maintain` takes what is there for its own."""
    return {n: v for n, v in table.properties.items() if not (n.startswith("write.") and n.endswith(".path"))}


def _layout(table: Table) -> Iterator[tuple[str, str]]:
    yield "order of columns", listed(table.schema().column_names)
    yield "key", listed(sorted(table.schema().identifier_field_names()))
    yield "partition", listed(partition_of(table.metadata))
    yield "sort order", listed(sort_of(table.metadata))


def _columns(table: Table) -> Iterator[tuple[str, str]]:
    for field in table.schema().fields:
        yield field.name, f"{field.field_type}{' required' if field.required else ''}"
