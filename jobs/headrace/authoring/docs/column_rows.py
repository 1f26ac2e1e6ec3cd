"""The columns of tables, topics and sources, as the page lists them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from headrace.project.table import Column
from headrace_udfs.contract import Contract, FieldSpec, TimeSpec
from headrace_udfs.contract_changes import OPERATION, ORDER
from headrace_udfs.places import described
from headrace_udfs.types import QUALITY, TS


@dataclass(frozen=True)
class Row:
    """A column; `path` is its path in the payload of a source, `range` the range of valid values."""

    name: str
    type: str
    doc: str
    unit: str | None = None
    required: bool = False
    path: str | None = None
    range: str | None = None


def of_columns(columns: Mapping[str, Column]) -> list[Row]:
    """Return the columns of a table or of a topic that jobs write."""
    return [Row(name, str(c.type), c.doc, c.unit, c.required) for name, c in columns.items()]


_OF_CHANGES = {
    OPERATION: "What the change did: insert, update, delete, read (a row of a snapshot) or upsert",
    ORDER: "Position in the log of the source, as a text that sorts as the log does",
}


def of_contract(contract: Contract) -> list[Row]:
    """Return the columns of a source's good records."""
    paths = {name: described(source) for name, source in contract.sources.items()}
    time, quality = contract.time, contract.quality
    rows = [
        Row(name, f.type, f.description or "", f.unit, f.required, paths[name], _range(f))
        for name, f in contract.fields.items()
    ]
    rows.append(Row(TS, "timestamp", f"Time of the reading; sent as {_written(time)}", "UTC", True, paths[TS]))
    encoding = f"sent as {quality.mapping}, {quality.missing} if a reading has none" if quality else "always good"
    rows.append(Row(QUALITY, "long", f"OPC UA StatusCode; {encoding}", None, True, paths.get(QUALITY)))
    return [*rows, *(Row(name, kind, _OF_CHANGES[name], None, False) for name, kind in contract.change_columns.items())]


def _written(time: TimeSpec) -> str:
    """Return how a time is written, for a page."""
    return time.unit or " or ".join(time.format) or "the timestamp of the record"


def _range(field: FieldSpec) -> str | None:
    if field.range is None:
        return None
    low, high = field.range
    if low is None:
        return f"up to {high}"
    return f"from {low}" if high is None else f"{low} to {high}"
