"""Readings that satisfy a contract, for the first test case of a job."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from headrace.planner.in_process.values import shown
from headrace_udfs.contract import Contract, FieldSpec, QualitySpec, Severity
from headrace_udfs.status_codes import SEVERITY
from headrace_udfs.types import QUALITY, TS

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FROM = datetime(2024, 1, 1, tzinfo=UTC)
_DAY, _MS, _US = timedelta(days=1), timedelta(milliseconds=1), timedelta(microseconds=1)
_UNITS = {"epoch_s": 10**6, "epoch_ms": 10**3, "epoch_us": 1}
_DEFAULT_RANGE = (0, 100)
_PARTS = 8
_FORMATS = ("json", "json_array", "avro")
_OPC_DA = {"good": 192, "bad": 0}


@dataclass(frozen=True)
class Reading:
    """One reading: its fields by name, its time, its quality, and whether it arrives too late to count.

    position: the number of its message, and its own in the message; None if each message has one. status: the
    StatusCode, if it says more than the severity.
    """

    fields: dict[str, Any]
    ts: datetime
    severity: Severity = "good"
    late: bool = False
    position: tuple[int, int] | None = None
    status: int | None = None

    def row(self) -> dict[str, Any]:
        """Return the decoded reading, by column."""
        return {**self.fields, TS: self.ts, QUALITY: SEVERITY[self.severity] if self.status is None else self.status}


def measure(contract: Contract) -> str | None:
    """Return the field that holds the measurement: the first double, or the first long if there is no double."""
    for kind in ("double", "long"):
        fields = {name: field for name, field in contract.fields.items() if name in contract.columns}
        if name := next((name for name, field in fields.items() if field.type == kind), None):
            return name
    return None


def readings(contract: Contract, window: timedelta | None = None) -> list[Reading]:
    """Return four readings of two keys, one of them bad if the contract has quality.

    With `window`, the four share one window and two more follow: one in a later window, and one that belongs to the
    first window but arrives too late.
    """
    lateness = contract.watermark.lateness if contract.watermark else timedelta()
    step = max(window // _PARTS // _MS, 1) * _MS if window else timedelta(seconds=1)
    start = _start(contract, window or _DAY)
    bad: Severity = "bad" if contract.quality else "good"
    samples = [
        _reading(contract, 0, 1, start),
        _reading(contract, 1, 2, start + step),
        _reading(contract, 2, 1, start + 2 * step, severity=bad),
        _reading(contract, 3, 1, start + 3 * step),
    ]
    if window:
        later = (lateness // window + 1) * window + 3 * step
        samples += [_reading(contract, 4, 1, start + later), _reading(contract, 5, 2, start, late=True)]
    return samples


def can_write(contract: Contract) -> bool:
    """Return whether `payload` can write messages of the contract: objects with a path for each column."""
    is_plain = contract.flat and contract.paths.keys() == contract.sources.keys() and not contract.changes
    named = len(contract.keys) == 1 and contract.fields[contract.key].type == "string"
    return is_plain and named and contract.format in _FORMATS and not (contract.envelope or contract.compression)


def payload(contract: Contract, reading: Reading) -> str:
    """Return the Kafka message, as JSON, that carries the reading."""
    values = {name: shown(v) if isinstance(v, datetime) else v for name, v in reading.fields.items()}
    values[TS] = _time(reading.ts, contract.time.unit or "iso8601")
    if contract.quality:
        values[QUALITY] = _quality(contract.quality, reading.severity)
    message: dict[str, Any] = {}
    for name, value in values.items():
        *outer, last = map(str, contract.paths[name])
        inside = message
        for step in outer:
            inside = inside.setdefault(step, {})
        inside[last] = value
    return json.dumps([message] if contract.many else message, ensure_ascii=False)


def _reading(contract: Contract, number: int, key: int, ts: datetime, **how: Any) -> Reading:
    always = {contract.key, measure(contract)}
    fields = {
        name: _text(name, field, key) if name == contract.key else _value(name, field, number, ts)
        for name, field in contract.fields.items()
        if field.required or name in always
    }
    return Reading(fields, ts, **how)


def _value(name: str, field: FieldSpec, number: int, ts: datetime) -> Any:
    match field.type:
        case "string":
            return _text(name, field, number)
        case "boolean":
            return number % 2 == 0
        case "timestamp":
            return ts
    low, high = _bounds(field)
    part = (high - low) * (number + 1)
    return low + part // _PARTS if field.type == "long" else float(low + part / _PARTS)


def _text(name: str, field: FieldSpec, number: int) -> str:
    """Return a text that the field's mask, if it has one, can mask."""
    if field.secret and (field.secret.truncate or field.secret.shift):
        return f"2024-01-{number + 1:02}"
    return f"192.0.2.{number + 1}" if field.secret and field.secret.prefix else f"{name}_{number}"


def _bounds(field: FieldSpec) -> tuple[Any, Any]:
    low, high = field.range or _DEFAULT_RANGE
    if low is None:
        low = min(_DEFAULT_RANGE[0], (high or 0) - _DEFAULT_RANGE[1])
    if high is None:
        high = max(_DEFAULT_RANGE[1], low + _DEFAULT_RANGE[1])
    return _DEFAULT_RANGE if low <= _DEFAULT_RANGE[0] and high >= _DEFAULT_RANGE[1] else (low, high)


def _start(contract: Contract, span: timedelta) -> datetime:
    """Return the first multiple of `span` since 1970 that the contract accepts, at the earliest 2024-01-01."""
    since = max(contract.time.earliest, _FROM) - _EPOCH
    return _EPOCH - (-since // span) * span


def _time(ts: datetime, unit: str) -> Any:
    if unit == "iso8601":
        return shown(ts)
    micros = (ts - _EPOCH) // _US
    if unit == "epoch_ns":
        return micros * 1000
    whole, rest = divmod(micros, _UNITS[unit])
    return micros / _UNITS[unit] if rest else whole


def _quality(spec: QualitySpec, severity: Severity) -> Any:
    match spec.mapping:
        case "opcua":
            return SEVERITY[severity]
        case "opcda":
            return _OPC_DA[severity]
        case _:
            return next((word for word, meant in spec.names.items() if meant == severity), severity)
