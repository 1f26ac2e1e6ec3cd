"""Functions that a template can call: each returns SQL or a value, and rejects what job.yaml does not declare."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from headrace.compose import look_ups
from headrace.compose.invalid_call import InvalidCall
from headrace.compose.sql_text import Sql, duckdb_ident, ident, literal
from headrace.environment.settings import Settings
from headrace.errors import Problem, did_you_mean
from headrace.project import job_folder, source_files, table_files
from headrace.project.job import Param
from headrace.project.job_folder import JobFolder
from headrace.project.paths import Project
from headrace.project.system_tables import DEAD_LETTERS
from headrace_udfs.look_up import LookUp

Names = str | Sequence[str] | Mapping[str, str]
"""A column, a list of columns, or other names by column."""


@dataclass
class TemplateFunctions:
    """The functions of one job's templates, and what has been called so far.

    `follow` are the options of a table that ref() follows. `views_read`, `sources_on_time`, `tables_named` and
    `tables_versioned` are the names that view(), on_time(), table() and versions() were called with, `look_ups` what
    macros look up in workers.
    """

    project: Project
    settings: Settings
    folder: JobFolder
    follow: Mapping[str, str]
    views_read: set[str] = field(default_factory=set)
    sources_on_time: set[str] = field(default_factory=set)
    tables_named: set[str] = field(default_factory=set)
    tables_versioned: set[str] = field(default_factory=set)
    look_ups: set[LookUp] = field(default_factory=set)

    def by_name(self) -> dict[str, Callable[..., Sql | Param]]:
        """Return the functions by the names that templates call them by."""
        tables = (self.source, self.on_time, self.table, self.versions, self.ref, self.view)
        calls: tuple[Callable[..., Sql | Param], ...] = (*tables, self.param, self.var, self.src)
        return {call.__name__: call for call in calls}

    def for_macros(self) -> dict[str, Callable[..., Any]]:
        """Return the functions that only macros can call, by name."""
        return {"looked_up": self.looked_up, "changes_of": self.changes_of}

    def source(self, name: str) -> Sql:
        """Return the view of the source's good readings."""
        _declared("source", name, self.folder.job.sources, "job.yaml", f"add source/{name} to reads:")
        return ident(name)

    def on_time(self, name: str) -> Sql:
        """Return the view of the source's good readings that are on time."""
        self.source(name)
        contract = source_files.load(self.project, name)
        if problem := source_files.no_event_time(name, contract, by_module=bool(self.folder.module)):
            raise InvalidCall(problem)
        self.sources_on_time.add(name)
        return ident(on_time_view(name))

    def table(self, name: str) -> Sql:
        """Return the Iceberg table, as it is when the job starts."""
        _declared("table", name, self.folder.job.tables, "job.yaml", f"add table/{name} to reads:")
        self.tables_named.add(name)
        return self._stored(name)

    def looked_up(
        self,
        table: Sql,
        take: Names,
        by: Names,
        *,
        at: Any = None,
        low: Any = None,
        high: Any = None,
        closed: Any = False,
    ) -> list[tuple[Sql, str]]:
        """Return SQL and name of each column to take of the row of `table`, for the rows called look_ups.INPUT.

        by: the columns of the table that must be equal, and those of the rows. at: the column of the rows that must be
        in the interval of the columns `low` and `high` of the table; None for no interval.
        """
        name = next((each for each in self.tables_named if self._stored(each) == table), None)
        if name is None:
            what = f"{table} is not a table that can be looked up"
            raise InvalidCall(Problem(what, fix="write table('<namespace>.<table>')"))
        taken, keys = _renamed(take), _renamed(by)
        bounds = None if at is None else look_ups.bounds(at, low, high, closed)
        if twice := [column for column in taken.values() if [*taken.values()].count(column) > 1]:
            raise InvalidCall(Problem(f"take has two columns '{twice[0]}'", fix="give one of them another name"))
        if not taken or not (keys or bounds):
            what = "take is empty" if not taken else "by is empty"
            raise InvalidCall(Problem(what, fix=f"name a column of {name}, or a list of them"))
        asked = look_ups.Asked(tuple(keys), tuple(taken), bounds)
        described = table_files.pick(self.project, [name])[name]
        spec = look_ups.look_up(name, described, asked, self.folder.job.refresh(name))
        self.look_ups.add(spec)
        calls = look_ups.calls(spec, [*keys.values(), *([at] if bounds else [])])
        return list(zip(calls, taken.values(), strict=True))

    def changes_of(self, name: str | Sql, *, on_time: bool = False) -> dict[str, Any] | None:
        """Return the view of the change stream `name` and the key of its rows; None if it is something else.

        name: that of a source of the job, or what source() or on_time() returned. on_time: take what on_time() returns.
        """
        for each in self.folder.job.sources:
            contract = source_files.load(self.project, each)
            if contract.changes and name in (each, ident(each), ident(on_time_view(each))):
                self._refuse_step(each)
                return {"view": self.on_time(each) if on_time else self.source(each), "key": [*contract.keys]}
        return None

    def _refuse_step(self, source: str) -> None:
        """Raise InvalidCall if a template has a step that is called as a change stream: which is meant is open."""
        for path in (*self.folder.templates.values(), *self.folder.views.values()):
            if re.search(rf"(?i)(?<![\w.])`?{source}`?\s+as\s*\(", path.read_text(encoding="utf-8")):
                what = f"'{source}' is a change stream, and also a step of {path.name}"
                raise InvalidCall(Problem(what, fix="give the step another name"))

    def versions(self, name: str) -> Sql:
        """Return the table whose rows are versions by its key, for as-of joins."""
        _declared("table", name, self.folder.job.tables, "job.yaml", f"add table/{name} to reads:")
        if not table_files.pick(self.project, [name])[name].key:
            fix = f"add key: [...] to sql/_tables/{name}.yaml, or join table() itself"
            raise InvalidCall(Problem(f"{name} has no key, so its rows cannot be versions", fix=fix))
        self.tables_versioned.add(name)
        return ident(versions_view(name))

    def ref(self, name: str, output: str | None = None) -> Sql:
        """Return the table that the job `name` appends to, followed as it grows; `output` selects one of several."""
        _declared("job", name, self.folder.job.jobs, "job.yaml", f"add job/{name} to reads:")
        followed = job_folder.load(self.project, name).job
        written = [table for table in followed.tables_written if followed.writes[table] == "append"]
        if output is None and len(written) != 1:
            fix = "name it: " + ", ".join(f"ref('{name}', '{table}')" for table in written) if written else None
            raise InvalidCall(Problem(f"{name} appends to {len(written)} tables; ref() follows one", fix=fix))
        _declared("appended table", output or written[0], written, name, f"name one of: {', '.join(written)}")
        options = ", ".join(f"{literal(key)} = {literal(value)}" for key, value in self.follow.items())
        return Sql(self._stored(output or written[0]) + (f" /*+ OPTIONS({options}) */" if options else ""))

    def view(self, name: str) -> Sql:
        """Return the job's own view, `_<name>.sql.j2`."""
        _declared("view", name, self.folder.views, "the folder", f"add _{name}.sql.j2 to it")
        self.views_read.add(name)
        return ident(name)

    def param(self, name: str) -> Param:
        """Return the value under params: in job.yaml."""
        _declared("param", name, self.folder.job.params, "job.yaml", f"add {name}: under params:")
        return self.folder.job.params[name]

    def var(self, name: str) -> Param:
        """Return the value under vars: in the environment's file."""
        _declared("var", name, self.settings.vars, "the environment", f"add {name}: under vars: in catalogs/")
        return self.settings.vars[name]

    def src(self) -> Sql:
        """Return the columns of a record's position."""
        return Sql("src_topic, src_partition, src_offset, src_index")

    def _stored(self, name: str) -> Sql:
        return ident(f"{self.settings.catalog.name}.{name}")


def duckdb_functions(functions: TemplateFunctions) -> dict[str, Callable[..., Sql | Param]]:
    """Return the functions of a template that DuckDB runs.

    Its `table` accepts the tables that the job reads or writes, the dead letters and the late readings.
    """
    job = functions.folder.job

    def table(name: str | None = None) -> Sql:
        known = dict.fromkeys([*job.tables_written, *job.tables, DEAD_LETTERS, job.late_table])
        if name is None and len(job.tables_written) != 1:
            fix = f"name one of: {', '.join(known)}"
            raise InvalidCall(Problem(f"the job writes {len(job.tables_written)} tables, not one", fix=fix))
        _declared("table", name or job.tables_written[0], known, "job.yaml", f"add table/{name} to reads:")
        return duckdb_ident(name or job.tables_written[0])

    return {"table": table, "param": functions.param, "var": functions.var, "src": functions.src}


def _declared(kind: str, name: str, known: Iterable[str], where: str, fix: str) -> None:
    if name not in known:
        hint = did_you_mean(name, known, "it has")
        either = f"{hint} Or {fix}" if hint.endswith("?") else f"{hint}; {fix}"
        raise InvalidCall(Problem(f"{where} has no {kind} '{name}'", fix=either))


def _renamed(names: Names) -> dict[str, str]:
    """Return the other name of each column: its own, unless a mapping gives one."""
    if isinstance(names, Mapping):
        return dict(names)
    return {name: name for name in ([names] if isinstance(names, str) else names)}


def on_time_view(source: str) -> str:
    """Return the name of the view of a source's readings that are on time."""
    return f"{source}__on_time"


def versions_view(table: str) -> str:
    """Return the name under which as-of joins read the rows of `table` as versions by its key."""
    return f"{table.replace('.', '_')}__versions"
