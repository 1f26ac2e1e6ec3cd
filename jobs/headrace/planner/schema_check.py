"""Check the columns of a SELECT against its sink: their names and their types."""

from __future__ import annotations

import re
from pathlib import Path

from headrace.compose.job_statements import Composition
from headrace.errors import Place, Problem

_UNNAMED = re.compile(r"EXPR\$\d+")


def mismatches(environment, composition: Composition, sink: str, selected) -> list[Problem]:  # type: ignore[no-untyped-def]
    """Return the problems that prevent the sink from taking the rows of the pyflink Table `selected`."""
    from pyflink.java_gateway import get_gateway  # noqa: PLC0415 - importing PyFlink costs a second

    casts = get_gateway().jvm.org.apache.flink.table.types.logical.utils.LogicalTypeCasts
    target, known = composition.sinks[sink], composition.sinks[sink].columns
    columns, required = _types(selected), _types(environment.from_path(target.typed or target.path))  # type: ignore[no-untyped-call]
    problems = []
    for name, kind in columns.items():
        where = _place(composition, sink, name)
        if _UNNAMED.fullmatch(name):
            fix = f"add `as` and one of its columns: {', '.join(known)}"
            problems.append(Problem(f"a column selected for {sink} has no name", where, fix))
        elif name not in known and (twice := name.rstrip("0123456789")) in columns.keys() - {name}:
            problems.append(Problem(f"'{twice}' is selected twice", where, "leave one out, or give it another name"))
        elif name not in known:
            problems.append(Problem(f"{sink} has no column '{name}'", where, f"its columns: {', '.join(known)}"))
        elif name in target.headers:
            continue  # it is cast to a text, whatever its type
        elif not casts.supportsImplicitCast(kind, required[name].copy(True)):
            select_type, sink_type = (each.copy(True).asSummaryString() for each in (kind, required[name]))
            fix = f"select another column, or cast(... as {sink_type.lower()}) as {name}"
            problems.append(Problem(f"'{name}' is a {select_type} here, and a {sink_type} in {sink}", where, fix))
    absent = [name for name, is_required in known.items() if is_required and name not in columns]
    where = composition.folder.place(sink)
    return list(dict.fromkeys(problems)) + [
        Problem(f"{sink} requires the column '{name}'", where, "select it") for name in absent
    ]


def _types(table):  # type: ignore[no-untyped-def]
    """Return the logical types of a pyflink Table's columns, by name."""
    schema = table._j_table.getResolvedSchema()
    return {column.getName(): column.getDataType().getLogicalType() for column in schema.getColumns()}


def _place(composition: Composition, sink: str, column: str) -> Place:
    """Return the line of the template that selects the column; the template or the sink if there is none."""
    template = composition.folder.templates.get(sink)
    return Place.of(template, _line(template, column)) if template else composition.folder.place(sink)


def _line(template: Path, column: str) -> int:
    name = rf"`?{re.escape(column)}`?"
    lines = list(enumerate(template.read_text(encoding="utf-8").splitlines(), 1))
    for item in (rf"\bas\s+{name}\s*(?:,|$|from\b)", rf"^\s*(?:select\s+)?(?:\w+\.)?{name}\s*,?$"):
        if matches := [number for number, line in lines if re.search(item, line, re.IGNORECASE)]:
            return matches[-1]
    return 0
