"""The plain contracts that read a change: one of the row after it, and one of the key of a row that was deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from headrace_udfs.contract import Contract
from headrace_udfs.contract_changes import DELETED, OPERATION, ORDER, Changes
from headrace_udfs.contract_checks import with_paths
from headrace_udfs.contract_parts import FieldSpec
from headrace_udfs.paths import OUT, Path
from headrace_udfs.places import Place, Source, places

P = TypeVar("P", bound=Place)


def _within(place: P, prefix: Path) -> P:
    """Return the place with its paths in the message: they begin in the row at `prefix`, unless they leave it."""
    update: dict[str, Any] = {}
    if place.path is not None and place.from_ is None:
        update["path"] = place.path[1:] if place.path[:1] == (OUT,) else (*prefix, *place.path)
    for several in ("join", "first"):
        if inner := getattr(place, several, ()):
            update[several] = tuple(_within(each, prefix) for each in inner)
    return place.model_copy(update=update)


def _in_row(fields: Mapping[str, FieldSpec], prefix: Path) -> dict[str, FieldSpec]:
    sources: Mapping[str, Source] = with_paths(fields)
    return {name: _within(source, prefix) for name, source in sources.items() if isinstance(source, FieldSpec)}


def _text(path: Path, types: Sequence[str] = ("string", "number")) -> FieldSpec:
    return FieldSpec(path=path, type="string", types=types)  # type: ignore[arg-type] # pydantic narrows it


def order_columns(changes: Changes) -> list[str]:
    """Return the names of the columns that the parts of the order are read into."""
    return [f"{ORDER}_{number}" if number else ORDER for number in range(len(changes.order))]


def _plain(contract: Contract, fields: Mapping[str, FieldSpec], prefix: Path) -> Contract:
    assert contract.changes  # noqa: S101 - narrows the type: only such contracts come here
    order = zip(order_columns(contract.changes), contract.changes.order, strict=True)
    every = {**_in_row(fields, prefix), **{name: _text(path) for name, path in order}}
    quality = contract.quality and _within(contract.quality, prefix)
    return contract.model_copy(update={"changes": None, "fields": every, "quality": quality})


def of_rows(contract: Contract) -> Contract:
    """Return the plain contract that reads the row after a change, its order and its time."""
    assert contract.changes  # noqa: S101 - as above
    return _plain(contract, contract.fields, contract.changes.parts.after)


def of_deletions(contract: Contract) -> Contract:
    """Return the plain contract that reads the key of a deleted row, what is around the row, and the order and time.

    Databases send no more than the key by default, and nothing else of a deleted row is needed.
    """
    assert contract.changes  # noqa: S101 - as above
    read = {name: field for name, field in contract.fields.items() if name in contract.keys or _leaves_row(field)}
    return _plain(contract.model_copy(update={"quality": None}), read, contract.changes.parts.before)


def _leaves_row(field: FieldSpec) -> bool:
    """Return whether a field is read in the message around the row, which a deletion has as well."""
    return field.has_place and all(place.path is not None and place.path[:1] == (OUT,) for place in places(field))


def of_marks(contract: Contract) -> Contract:
    """Return the plain contract that reads what says that a row is deleted."""
    assert contract.changes  # noqa: S101 - as above
    assert contract.changes.deleted  # noqa: S101 - as above
    field = _text(contract.changes.deleted.path, ("string", "number", "boolean"))
    return contract.model_copy(update={"changes": None, "fields": {DELETED: field}, "quality": None})


def of_messages(contract: Contract) -> Contract:
    """Return a plain contract that reads all that is needed of a message: parsers that choose need to know it."""
    assert contract.changes  # noqa: S101 - as above
    parts, rows, deletions = contract.changes.parts, of_rows(contract), of_deletions(contract)
    fields = {
        **{f"after.{name}": field for name, field in rows.fields.items()},
        **{f"before.{name}": field for name, field in deletions.fields.items()},
    }
    if parts.operation:
        fields[OPERATION] = _text(parts.operation)
    if contract.changes.deleted:
        fields[DELETED] = of_marks(contract).fields[DELETED]
    return rows.model_copy(update={"fields": fields})
