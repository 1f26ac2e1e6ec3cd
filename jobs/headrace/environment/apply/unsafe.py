"""The steps that are refused, each with its reason and the way out: they would break stored rows, jobs or readers."""

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
    """What stands between `stored` and `table` that cannot be done safely, each at its place in `file`."""
    fields = {f.name: f for f in stored.schema().fields}
    gone = [f for f in fields.values() if f.name not in table.columns]
    new = [name for name in table.columns if name not in fields]
    yield from _gone(table, gone, new, file)
    for name, column in table.columns.items():
        if name in fields:
            yield from _retyped(name, fields[name], column, file)
        elif column.required:
            what = f"new column '{name}' is required, and the rows already stored have no value for it"
            yield Problem(what, yaml_file.place(file, ("columns", name, "required")), "leave 'required' out")
    if not gone:
        yield from _moved(table, [*fields], file)
    yield from _rekeyed(table, stored, file)


def _gone(table: Table, gone: list[NestedField], new: list[str], file: Path) -> Iterator[Problem]:
    for field in gone:
        twin = next((name for name in new if table.columns[name].type == field.field_type), None)
        if twin:
            what = f"'{twin}' seems to be the catalog's '{field.name}' renamed: whoever reads '{field.name}' would fail"
            fix = f"keep '{field.name}', and add '{twin}' after the last column"
            yield Problem(what, yaml_file.place(file, ("columns", twin)), fix)
        else:
            what = f"column '{field.name}' of the catalog is not here: dropped, its stored values are out of reach"
            fix = f"put '{field.name}', {field.field_type}, back; jobs may leave it null"
            yield Problem(what, yaml_file.place(file, ("columns",)), fix)


def _retyped(name: str, field: NestedField, column: Column, file: Path) -> Iterator[Problem]:
    if field.field_type != column.type and not widens(field.field_type, column.type):
        what = (
            f"column '{name}' is {field.field_type} in the catalog; stored values cannot all be read as {column.type}"
        )
        fix = f"write type: {field.field_type}, and add a column of another name for the new type"
        yield Problem(what, yaml_file.place(file, ("columns", name, "type")), fix)
    if column.required and not field.required:
        what = f"column '{name}' is optional in the catalog: stored rows may be null there"
        fix = "leave 'required' out, and refuse nulls in the job"
        yield Problem(what, yaml_file.place(file, ("columns", name, "required")), fix)


def _moved(table: Table, stored: list[str], file: Path) -> Iterator[Problem]:
    """INSERT and UNION go by position: a column that moved would get another's values without a word."""
    order = list(table.columns)
    wrong = next((pair for pair in zip(order, stored, strict=False) if pair[0] != pair[1]), None)
    if wrong:
        name, expected = wrong
        what = f"column '{name}' stands where the catalog has '{expected}', and INSERT goes by position"
        fix = f"keep the order {', '.join(stored)}; new columns come last"
        yield Problem(what, yaml_file.place(file, ("columns", name)), fix)


def _rekeyed(table: Table, stored: TableMetadata, file: Path) -> Iterator[Problem]:
    key = sorted(stored.schema().identifier_field_names())
    if key != sorted(table.key):
        what = f"the key is {listed(key)} in the catalog: stored rows may repeat {listed(table.key)}"
        fix = "put the key back, or describe a new table and copy the rows into it"
        yield Problem(what, yaml_file.place(file, ("key",)), fix)
