"""Whether what a SELECT gives fits its sink: every column, and its type."""

from __future__ import annotations

import re
from pathlib import Path

from headrace.compose.job_statements import Composition
from headrace.errors import Place, Problem

_UNNAMED = re.compile(r"EXPR\$\d+")


def mismatches(environment, composition: Composition, sink: str, selected) -> list[Problem]:  # type: ignore[no-untyped-def]
    """What is wrong with the pyflink Table `selected` as what the sink gets."""
    from pyflink.java_gateway import get_gateway  # noqa: PLC0415 - importing PyFlink costs a second

    casts = get_gateway().jvm.org.apache.flink.table.types.logical.utils.LogicalTypeCasts
    to, known = composition.sinks[sink], composition.sinks[sink].columns
    given, wanted = _types(selected), _types(environment.from_path(to.path))  # type: ignore[no-untyped-call]
    problems = []
    for name, kind in given.items():
        where = _place(composition, sink, name)
        if _UNNAMED.fullmatch(name):
            fix = f"add `as` and one of its columns: {', '.join(known)}"
            problems.append(Problem(f"a column that goes to {sink} has no name", where, fix))
        elif name not in known and (twice := name.rstrip("0123456789")) in given.keys() - {name}:
            problems.append(Problem(f"'{twice}' is selected twice", where, "leave one out, or give it another name"))
        elif name not in known:
            problems.append(Problem(f"{sink} has no column '{name}'", where, f"its columns: {', '.join(known)}"))
        elif not casts.supportsImplicitCast(kind, wanted[name].copy(True)):
            found, is_there = (each.copy(True).asSummaryString() for each in (kind, wanted[name]))
            fix = f"select another column, or cast(... as {is_there.lower()}) as {name}"
            problems.append(Problem(f"'{name}' is a {found} here, and a {is_there} in {sink}", where, fix))
    absent = [name for name, required in known.items() if required and name not in given]
    where = composition.folder.place(sink)
    return list(dict.fromkeys(problems)) + [
        Problem(f"{sink} requires the column '{name}'", where, "select it") for name in absent
    ]


def _types(table):  # type: ignore[no-untyped-def]
    """The logical types of a pyflink Table's columns, by name."""
    schema = table._j_table.getResolvedSchema()
    return {column.getName(): column.getDataType().getLogicalType() for column in schema.getColumns()}


def _place(composition: Composition, sink: str, column: str) -> Place:
    """The line that selects the column, where a template has one for it alone."""
    template = composition.folder.templates.get(sink)
    return Place.of(template, _line(template, column)) if template else composition.folder.place(sink)


def _line(template: Path, column: str) -> int:
    name = rf"`?{re.escape(column)}`?"
    lines = list(enumerate(template.read_text(encoding="utf-8").splitlines(), 1))
    for item in (rf"\bas\s+{name}\s*(?:,|$|from\b)", rf"^\s*(?:select\s+)?(?:\w+\.)?{name}\s*,?$"):
        if found := [number for number, line in lines if re.search(item, line, re.IGNORECASE)]:
            return found[-1]
    return 0
