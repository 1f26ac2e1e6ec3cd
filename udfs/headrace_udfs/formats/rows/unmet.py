"""Objects in place of a value, where no path meets anything: types that the contract does not know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from headrace_udfs.contract import Contract
from headrace_udfs.faults import Code, Fault, shown
from headrace_udfs.formats.rows.paths import PathReader
from headrace_udfs.formats.rows.walk import ABSENT
from headrace_udfs.paths import Path, outs
from headrace_udfs.paths import shown as shown_path
from headrace_udfs.places import places


class Union(NamedTuple):
    """A field that reads the first of several members of an object, and all members of it that columns read."""

    field: str
    path: Path
    known: frozenset[str]


def unions(contract: Contract) -> list[Union]:
    """Return the objects whose members fields read, the first of several, like `value` in `{value: {double: 1}}`."""
    sources = contract.sources
    read = [place for each in sources.values() for place in places(each)]
    paths = [each.path for each in read if each.path and each.from_ is None and not outs(each.path)]
    found: dict[Path, Union] = {}
    for name, field in contract.fields.items():
        for part in field.first:
            if not part.path or outs(part.path):
                continue
            around = part.path[:-1]
            known = {path[len(around)] for path in paths if len(path) > len(around) and path[: len(around)] == around}
            if around not in found and len(field.first) > 1:
                found[around] = Union(name, around, frozenset(each for each in known if isinstance(each, str)))
    return list(found.values())


def faults(union: Union, elements: list[Any]) -> Iterator[tuple[int, Fault]]:
    """Yield the fault of each row whose object has a value, but under no name that the contract knows."""
    reader = PathReader(union.path, frozenset(range(len(union.path))))
    for row, value in enumerate(reader.read(elements)):
        if type(value) is dict and _has_a_value(value) and not union.known & value.keys():
            where = f"'{shown_path(union.path)}'" if union.path else "the row"
            names = ", ".join(sorted(union.known))
            yield row, Fault(Code.WRONG_TYPE, f"{union.field}: {where} is {shown(value)}, and has none of {names}")


def _has_a_value(found: Mapping[str, Any]) -> bool:
    return any(each is not None and each is not ABSENT and not isinstance(each, dict) for each in found.values())
