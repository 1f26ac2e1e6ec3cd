"""Replace the rows of a table by those of a file, or add them by key, in one commit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from dataclasses import replace as replaced
from pathlib import Path

import pyarrow as pa
from pyiceberg.io.pyarrow import schema_to_pyarrow

from headrace.environment import iceberg
from headrace.environment.apply import table_changes
from headrace.environment.settings import Settings
from headrace.errors import Place, Problem, UserError
from headrace.project import job_folder, table_files
from headrace.project.paths import Project
from headrace.project.table import Table
from headrace.upkeep.load import row_file
from headrace.upkeep.load.row_file import Row, RowFile

_EXAMPLES = 5


@dataclass(frozen=True)
class Change:
    """One row that is different afterwards: `kind` is added, changed or removed. Only columns that differ are shown."""

    kind: str
    key: Row
    before: Row
    after: Row


@dataclass(frozen=True)
class Loaded:
    """How many rows of the table are different afterwards, and some of them. `written`: whether there was a commit."""

    table: str
    added: int
    changed: int
    removed: int
    unchanged: int
    examples: tuple[Change, ...]
    written: bool


def load(
    project: Project, settings: Settings, name: str, path: Path, *, replace: bool = False, dry_run: bool = False
) -> Loaded:
    """Give the table the rows of the file: each replaces the row with its key, or is added to it.

    Columns that the file does not have keep their values. With `replace`, the table has the rows of the file and no
    others. Readers see all of the change or none. Raises UserError for a table that something else writes, that differs
    from its file or that is missing, and with every fault of the file; PlatformError.
    """
    described = _described(project, settings, name, replace=replace)
    file = row_file.read(path, described)
    _check(described, file, path, replace=replace)
    catalog = iceberg.connect(settings)

    def attempt() -> Loaded:
        table = iceberg.load_table(catalog, name)
        schema = schema_to_pyarrow(table.schema(), include_field_ids=False)
        before = table.scan().to_arrow().cast(schema).to_pylist()
        after = _merged(before, file.rows, described.key, schema.names, replace=replace)
        _require_complete(described, after, file, path)
        loaded = _compared(name, described.key, before, after)
        if dry_run or not (loaded.added or loaded.changed or loaded.removed):
            return loaded
        rows = pa.Table.from_pylist(after, schema)
        if described.key:
            rows = rows.sort_by([(column, "ascending") for column in described.key])
        (table.append if table.current_snapshot() is None else table.overwrite)(rows)
        return replaced(loaded, written=True)

    return iceberg.commit(name, attempt)


def _described(project: Project, settings: Settings, name: str, *, replace: bool) -> Table:
    described = table_files.pick(project, [name])[name]
    where = Place.of(table_files.path_of(project, name))
    writers = [job.name for job in job_folder.jobs(project) if name in job.tables_written]
    if writers or table_files.path_of(project, name).parent.name == "_system":
        what = f"{name} is written by {writers[0] if writers else 'headrace itself'}"
        fix = "historian.tags has a command of its own: headrace tags import" if not writers else "choose another table"
        raise UserError(what, where, fix)
    if not described.key and not replace:
        raise UserError(f"{name} has no key to replace rows by", where, "add key: [...], or load it with --replace")
    (plan,) = table_changes.plan(project, settings, [name])
    if plan.action != "unchanged":
        missing = plan.action == "create"
        what = f"there is no table {name}" if missing else f"{name} differs from its file"
        raise UserError(what, fix="create it: headrace tables apply" if missing else "see headrace tables plan")
    return described


def _check(described: Table, file: RowFile, path: Path, *, replace: bool) -> None:
    """Raise UserError for a file without rows or without the key."""
    if not file.rows:
        what = "the file has no rows" + (", and --replace would delete all rows of the table" if replace else "")
        raise UserError(what, Place.of(path))
    absent = [name for name in described.key if name not in file.columns]
    if problems := [_no_column(name, "of the table's key", path) for name in absent]:
        raise UserError(problems)


def _require_complete(described: Table, after: Iterable[Row], file: RowFile, path: Path) -> None:
    """Raise UserError for a required column that the file does not have, if a row has no value of it."""
    absent = [name for name, column in described.columns.items() if column.required and name not in file.columns]
    found = [name for name in absent if any(row[name] is None for row in after)]
    if problems := [_no_column(name, "which new rows need", path) for name in found]:
        raise UserError(problems)


def _no_column(name: str, why: str, path: Path) -> Problem:
    return Problem(f"the file has no column '{name}', {why}", Place.of(path, 1), "add it")


def _merged(
    before: Sequence[Row], rows: Sequence[Row], key: Sequence[str], names: Sequence[str], *, replace: bool
) -> list[Row]:
    """Return the table's rows afterwards, each with all of the columns `names`."""
    empty = dict.fromkeys(names)
    if replace:
        return [{**empty, **row} for row in rows]
    by_key = {tuple(row[name] for name in key): row for row in before}
    for row in rows:
        own = tuple(row[name] for name in key)
        by_key[own] = {**by_key.get(own, empty), **row}
    return [*by_key.values()]


def _compared(name: str, key: Sequence[str], before: Sequence[Row], after: Sequence[Row]) -> Loaded:
    if not key:
        old, new = (Counter(tuple(row.values()) for row in rows) for rows in (before, after))
        same = (old & new).total()
        return Loaded(name, new.total() - same, 0, old.total() - same, same, (), written=False)
    changes = [*_changes(key, before, after)]
    kinds = Counter(change.kind for change in changes)
    unchanged = len(after) - kinds["added"] - kinds["changed"]
    examples = tuple(changes[:_EXAMPLES])
    return Loaded(name, kinds["added"], kinds["changed"], kinds["removed"], unchanged, examples, written=False)


def _changes(key: Sequence[str], before: Sequence[Row], after: Sequence[Row]) -> Iterator[Change]:
    old = {tuple(row[name] for name in key): row for row in before}
    new = {tuple(row[name] for name in key): row for row in after}
    for own, row in new.items():
        named = dict(zip(key, own, strict=True))
        was = old.get(own)
        if was is None:
            yield Change("added", named, {}, {n: v for n, v in row.items() if n not in key and v is not None})
        elif differing := [column for column in row if row[column] != was[column]]:
            yield Change("changed", named, {n: was[n] for n in differing}, {n: row[n] for n in differing})
    for own in old.keys() - new.keys():
        yield Change("removed", dict(zip(key, own, strict=True)), {}, {})
