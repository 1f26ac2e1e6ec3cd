"""What the document of a message of a change stream does to its row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headrace_udfs.contract_changes import DELETE, INSERT, READ, UPDATE, UPSERT, Changes
from headrace_udfs.faults import Code, Fault, shown
from headrace_udfs.formats.documents import Document
from headrace_udfs.paths import shown as shown_path

_OPERATIONS: Mapping[str, Mapping[Any, str]] = {
    "debezium": {"c": INSERT, "u": UPDATE, "d": DELETE, "r": READ},
    "maxwell": {"insert": INSERT, "update": UPDATE, "delete": DELETE, "bootstrap-insert": READ},
}
_MARKS = ("bootstrap-start", "bootstrap-complete")
_TRUNCATIONS = ("t", "table-truncate")

TOMBSTONE = Fault(Code.TOMBSTONE, "a message without a value, after the change that deleted its row")


def unwrapped(document: Document) -> Document:
    """Return the document without the schema that Kafka Connect's JSON converter may write around it."""
    if type(document) is not dict or document.keys() != {"schema", "payload"}:
        return document
    return document["payload"] if document["schema"] is None or type(document["schema"]) is dict else document


def operation(changes: Changes, document: Document) -> str | Fault:
    """Return what the change does, or why it has no row. With envelope: rows, deletions are not known here."""
    if isinstance(document, Fault):
        return document
    if document is None:
        return TOMBSTONE
    if changes.envelope == "rows":
        return UPSERT
    if type(document) is not dict:
        return Fault(Code.NOT_AN_OBJECT, f"expected an object, found {shown(document)}")
    where = changes.parts.operation[0]
    found = document.get(where)
    if isinstance(found, Fault):
        return found
    kind = _OPERATIONS[changes.envelope].get(found) if isinstance(found, str) else None
    if kind is None:
        return _other(changes, str(where), found)
    image = (changes.parts.before if kind == DELETE else changes.parts.after)[0]
    return kind if document.get(image) is not None else _without_row(kind, str(image))


def _other(changes: Changes, where: str, found: Any) -> Fault:
    if found in _MARKS:
        return Fault(Code.BOOTSTRAP_MARK, f"{where} is {found}")
    if found in _TRUNCATIONS:
        return Fault(Code.TABLE_TRUNCATED, f"{where} is '{found}': load the table again, by a new snapshot")
    known = ", ".join(map(str, _OPERATIONS[changes.envelope]))
    return Fault(Code.UNKNOWN_CHANGE, f"{shown_path((where,))} is {shown(found)}; {changes.envelope} has: {known}")


def _without_row(kind: str, image: str) -> Fault:
    more = "; Postgres leaves it out with REPLICA IDENTITY NOTHING" if kind == DELETE else ""
    return Fault(Code.MISSING_FIELD, f"{image}: the {kind} has no row{more}")
