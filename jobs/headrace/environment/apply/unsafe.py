"""Changes that are refused because they would break stored rows, jobs or readers, each with a reason and a fix."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pyiceberg.table.metadata import TableMetadata
from pyiceberg.types import NestedField

from headrace.environment.apply.diff import listed, widens
from headrace.errors import Problem
from headrace.project import yaml_file
from headrace.project.table import Column, Table


def refusals(table: Table, stored: TableMetadata, file: Path) -> Iterator[Problem]:
    """Yield each change from `stored` to `table` that is not safe, at its place in `file`."""
    fields = {f.name: f for f in stored.schema().fields}
    removed = [f for f in fields.values() if f.name not in table.columns and f.name not in kept(table, stored)]
    new = [name for name in table.columns if name not in fields]
    yield from _removed(table, removed, new, file)
    for name, column in table.columns.items():
        if name in fields:
            yield from _retyped(name, fields[name], column, file)
        elif column.required:
            what = f"new column '{name}' is required, and the rows already stored have no value for it"
            yield Problem(what, yaml_file.place(file, ("columns", name, "required")), "leave 'required' out")
    if not removed:
        yield from _moved(table, [name for name in fields if name in table.columns], file)
    yield from _rekeyed(table, stored, file)


def kept(table: Table, stored: TableMetadata) -> list[str]:
    """Return the columns that stay in the catalog although `table` lacks them, in the catalog's order.

    They are those that it lists as retired, and optional ones after all of its own: what is left of an added column
    when its file goes back. With a new column in the file, which would come after them, none of the latter are kept.
    """
    retired = [f.name for f in stored.schema().fields if f.name in table.retired and not f.required]
    fields = [f for f in stored.schema().fields if f.name not in retired]
    own = [place for place, field in enumerate(fields) if field.name in table.columns]
    after = fields[max(own, default=-1) + 1 :]
    stays = len(own) == len(table.columns) and not any(field.required for field in after)
    left = {*retired, *(field.name for field in after if stays)}
    return [field.name for field in stored.schema().fields if field.name in left]


def _removed(table: Table, removed: list[NestedField], new: list[str], file: Path) -> Iterator[Problem]:
    for field in removed:
        twin = next((name for name in new if table.columns[name].type == field.field_type), None)
        if twin:
            what = f"'{twin}' seems to be the catalog's '{field.name}' renamed: readers of '{field.name}' would fail"
            fix = f"keep '{field.name}', and add '{twin}' after the last column"
            yield Problem(what, yaml_file.place(file, ("columns", twin)), fix)
        else:
            what = f"column '{field.name}' of the catalog is missing here: without it, its stored values cannot be read"
            fix = f"restore '{field.name}', {field.field_type}; jobs may leave it null"
            fix += "" if field.required else f"; or write retired: [{field.name}], and new tables do without it"
            yield Problem(what, yaml_file.place(file, ("columns",)), fix)


def _retyped(name: str, field: NestedField, column: Column, file: Path) -> Iterator[Problem]:
    if field.field_type != column.type and not widens(field.field_type, column.type):
        what = (
            f"column '{name}' is {field.field_type} in the catalog; stored values cannot all be read as {column.type}"
        )
        fix = f"write type: {field.field_type}, and add a column with another name for the new type"
        yield Problem(what, yaml_file.place(file, ("columns", name, "type")), fix)
    if column.required and not field.required:
        what = f"column '{name}' is optional in the catalog: stored rows may be null there"
        fix = "leave 'required' out, and refuse nulls in the job"
        yield Problem(what, yaml_file.place(file, ("columns", name, "required")), fix)


def _moved(table: Table, stored: list[str], file: Path) -> Iterator[Problem]:
    """Yield the first moved column: INSERT and UNION match by position, and would silently give it another's values."""
    order = list(table.columns)
    wrong = next((pair for pair in zip(order, stored, strict=False) if pair[0] != pair[1]), None)
    if wrong:
        name, expected = wrong
        what = f"column '{name}' is where the catalog has '{expected}', and INSERT matches columns by position"
        fix = f"keep the order {', '.join(stored)}; new columns come last"
        yield Problem(what, yaml_file.place(file, ("columns", name)), fix)


def _rekeyed(table: Table, stored: TableMetadata, file: Path) -> Iterator[Problem]:
    key = sorted(stored.schema().identifier_field_names())
    if key != sorted(table.key):
        what = f"the key is {listed(key)} in the catalog: stored rows may repeat {listed(table.key)}"
        fix = "restore the key, or describe a new table and copy the rows into it"
        yield Problem(what, yaml_file.place(file, ("key",)), fix)
