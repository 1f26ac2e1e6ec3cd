"""Documents with values that cannot be read: which rows they cost."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from headrace_udfs.faults import Fault
from headrace_udfs.formats.rows.walk import Rows


def faults_in(value: Any) -> list[Fault]:
    """Return the faults in a document, in their order."""
    if isinstance(value, Fault):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [fault for each in inner for fault in faults_in(each)]


def split(rows: Rows, documents: list[Any], spoilt: Collection[int]) -> tuple[dict[int, Fault], dict[int, Fault]]:
    """Return the first fault within each row that has one, and the first outside all rows of each document.

    The first are by the position among the rows that can be read, the second by that of the document. spoilt: the
    documents that have faults.
    """
    depth = len(rows.levels) - 1
    within: dict[int, Fault] = {}
    covered = {id(fault) for fault in rows.faults.values()}
    for i, document in enumerate(rows.spread(rows.level(depth).names, depth)):
        if document in spoilt and (faults := faults_in(rows.level(0).elements[i])):
            within[i] = faults[0]
            covered |= {id(fault) for fault in faults}
    outside: dict[int, Fault] = {}
    for document in spoilt:
        if fault := next((each for each in faults_in(documents[document]) if id(each) not in covered), None):
            outside[document] = fault
    return within, outside
