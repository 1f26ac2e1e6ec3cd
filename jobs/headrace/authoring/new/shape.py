"""The two shapes of a new job: one row per good reading, or one row per key and window."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from headrace.authoring.new.sample import Reading, measure
from headrace.project.table import Column
from headrace_udfs.contract import Contract, FieldSpec
from headrace_udfs.types import QUALITY, TS

POSITION: Mapping[str, Column] = {
    name: Column.model_validate({"type": kind, "required": True, "doc": doc})
    for name, kind, doc in (
        ("src_topic", "string", "Kafka topic of the record"),
        ("src_partition", "int", "Kafka partition of the record"),
        ("src_offset", "long", "Offset in that partition"),
        ("src_index", "int", "Index of the reading within its message, from 0"),
    )
}
_ICEBERG: Mapping[str, str] = {"timestamp": "timestamptz"}
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00Z")

Row = dict[str, Any]


@dataclass(frozen=True)
class Plain:
    """One row per good reading."""

    contract: Contract
    source: str
    template = "plain"

    def columns(self) -> dict[str, Column]:
        """Return the columns of the SELECT, as a table file describes them."""
        fields = {
            name: _field(name, field, self.source)
            for name, field in self.contract.fields.items()
            if name in self.contract.columns
        }
        key = self.contract.key
        ts = _column("timestamptz", "Time of the measurement", required=True, unit="UTC")
        quality = _column("long", "OPC UA StatusCode; its top two bits: 00 good, 01 uncertain, 10 bad", required=True)
        others = {name: column for name, column in fields.items() if name != key}
        return {key: fields[key], TS: ts, **others, QUALITY: quality, **POSITION}

    def needed(self) -> list[str]:
        """Return the columns that every table for this job must have."""
        return [self.contract.key, TS, QUALITY, *POSITION]

    def rows(self, readings: list[Reading]) -> list[Row]:
        """Return the rows that the job writes for the readings."""
        rows = [{**reading.row(), **_position(number, reading)} for number, reading in enumerate(readings)]
        return [row for row, reading in zip(rows, readings, strict=True) if reading.severity == "good"]


@dataclass(frozen=True)
class Windowed:
    """One row per key and window: the number of good readings, and their lowest, mean and highest value."""

    contract: Contract
    source: str
    span: timedelta
    template = "windowed"

    def columns(self) -> dict[str, Column]:
        """Return the columns of the SELECT, as a table file describes them."""
        key, measured = self.contract.key, measure(self.contract)
        columns = {
            key: _field(key, self.contract.fields[key], self.source),
            "window_start": _column("timestamptz", "Start of the window", required=True, unit="UTC"),
            "window_end": _column("timestamptz", "End of the window, exclusive", required=True, unit="UTC"),
            "reading_count": _column("long", "Number of good readings in the window", required=True, unit="1"),
        }
        if measured:
            field = self.contract.fields[measured]
            for name, word in (("min", "Lowest"), ("mean", "Mean"), ("max", "Highest")):
                kind = "double" if name == "mean" else field.type
                columns[f"{name}_{measured}"] = _column(kind, f"{word} {measured} of these readings", unit=field.unit)
        return columns

    def needed(self) -> list[str]:
        """Return the columns that every table for this job must have."""
        return [*self.columns()]

    def rows(self, readings: list[Reading]) -> list[Row]:
        """Return the rows that the job writes for the readings."""
        counted = [reading for reading in readings if reading.severity == "good" and not reading.late]
        ordered = sorted(counted, key=self._group)
        return [self._row(*group, [*members]) for group, members in groupby(ordered, key=self._group)]

    def _group(self, reading: Reading) -> tuple[str, datetime]:
        start = _EPOCH + (reading.ts - _EPOCH) // self.span * self.span
        return reading.fields[self.contract.key], start

    def _row(self, key: str, start: datetime, members: list[Reading]) -> Row:
        row = {
            self.contract.key: key,
            "window_start": start,
            "window_end": start + self.span,
            "reading_count": len(members),
        }
        if measured := measure(self.contract):
            values = [member.fields[measured] for member in members]
            mean = math.fsum(values) / len(values)
            row |= {f"min_{measured}": min(values), f"mean_{measured}": mean, f"max_{measured}": max(values)}
        return row


Shape = Plain | Windowed


def _position(number: int, reading: Reading) -> Row:
    if reading.position is None:
        return {"src_offset": number}
    offset, index = reading.position
    return {"src_offset": offset, "src_index": index}


def _field(name: str, field: FieldSpec, source: str) -> Column:
    doc = field.description or f"{name} of {source}"
    return _column(field.type, doc, required=field.required, unit=field.unit)


def _column(kind: str, doc: str, *, required: bool = False, unit: str | None = None) -> Column:
    return Column.model_validate({"type": _ICEBERG.get(kind, kind), "doc": doc, "required": required, "unit": unit})
