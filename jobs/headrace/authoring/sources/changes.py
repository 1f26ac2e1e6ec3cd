"""The contract of a sample of changes, as Debezium and Maxwell write them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from headrace.environment.kafka_sample import Record
from headrace_udfs.formats.change_kinds import unwrapped

Keys = dict[str, Any]
Document = Mapping[str, Any]

_POSITIONS: Mapping[str, str | list[str]] = {
    "lsn": "source.lsn",
    "file": ["source.file", "source.pos", "source.row"],
    "change_lsn": ["source.commit_lsn", "source.change_lsn"],
    "scn": "source.scn",
}
"""Where Debezium has the position, by a member of `source` that its connector writes."""


def proposed(records: Sequence[Record], column: Callable[[str, set[str]], str]) -> tuple[Keys, dict[str, str]] | None:
    """Return the keys of the contract and the reasons; None if most messages are no changes.

    column: returns a name for the column of a path that is not in the second argument.
    """
    documents = [document for record in records if (document := _parsed(record.value)) is not None]
    for envelope, has in {"debezium": ("op", "source"), "maxwell": ("type", "data", "xid")}.items():
        changes = [each for each in documents if all(name in each for name in has)]
        if len(changes) * 2 > len(documents):
            return _contract(envelope, changes, records, column)
    return None


def _contract(
    envelope: str, changes: Sequence[Document], records: Sequence[Record], column: Callable[[str, set[str]], str]
) -> tuple[Keys, dict[str, str]]:
    image = "after" if envelope == "debezium" else "data"
    rows = [row for each in changes if isinstance(row := each.get(image), dict)]
    names = list(dict.fromkeys(name for row in rows for name in row))
    key = _key(records, names)
    fields: Keys = {}
    for name in names:
        if kind := _type([row.get(name) for row in rows]):
            found = column(name, {*fields})
            place = {} if found == name else {"path": [name]}
            fields[found] = {**place, "type": kind, **({"required": True} if name in key else {})}
    order, time = _places(envelope, changes)
    keys = {
        "format": "json",
        "changes": {"envelope": envelope, **({"order": order} if order else {})},
        "fields": fields,
        "time": time,
        "key": [name for name, field in fields.items() if field.get("required")],
    }
    reasons = {
        "changes": f"{len(changes):,} messages of the sample are changes as {envelope.capitalize()} writes them",
        "key": "the names in the keys of the records" if _key_names(records) else "a guess: write the primary key",
    }
    return keys, reasons


def _places(envelope: str, changes: Sequence[Document]) -> tuple[str | list[str] | None, Keys]:
    """Return the paths to the position, and the keys of the time."""
    if envelope == "maxwell":
        return ["xid", "xoffset"], {"path": "ts", "unit": "epoch_s"}
    source = next((each["source"] for each in changes if isinstance(each["source"], dict)), {})
    order = next((path for name, path in _POSITIONS.items() if name in source), None)
    return order, {"path": "source.ts_ms" if "ts_ms" in source else "ts_ms", "unit": "epoch_ms"}


def _key(records: Sequence[Record], names: Sequence[str]) -> list[str]:
    found = [name for name in _key_names(records) if name in names]
    return found or [name for name in names if name.lower().endswith("id")][:1] or list(names[:1])


def _key_names(records: Sequence[Record]) -> list[str]:
    return list(dict.fromkeys(name for record in records for name in _parsed(record.key) or {}))


def _parsed(text: bytes | None) -> Document | None:
    try:
        document = unwrapped(json.loads(text)) if text else None
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _type(values: Sequence[Any]) -> str | None:
    """Return the type of a field for these values; None if they are of several, or all null."""
    kinds = set(_kinds(values))
    if kinds == {"long", "double"}:
        return "double"
    return kinds.pop() if len(kinds) == 1 and kinds != {"other"} else None


def _kinds(values: Sequence[Any]) -> Iterator[str]:
    of = {bool: "boolean", int: "long", float: "double", str: "string"}
    yield from (of.get(type(value), "other") for value in values if value is not None)
