"""Lists of times, as documents have them, to timestamps."""

from __future__ import annotations

from collections.abc import Callable, Collection
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace_udfs import times
from headrace_udfs.contract_time import TimeSpec
from headrace_udfs.faults import Code, Fault, Refused, shown
from headrace_udfs.formats.exact import EXACT
from headrace_udfs.formats.json_leaves import ARRAYS, Kind, time_kind
from headrace_udfs.formats.rows import texts
from headrace_udfs.formats.rows.around import RecordTime
from headrace_udfs.formats.rows.convert import Converted, is_finite, is_nan, json_type
from headrace_udfs.formats.rows.walk import ABSENT
from headrace_udfs.types import ARROW, TS

_NANOS = 10**9


class Instants:
    """Converts the times of one contract."""

    def __init__(self, spec: TimeSpec, where: str, from_text: bool) -> None:
        """Take the contract's time. where: where it is read, for messages. from_text: whether it is always a text."""
        self._spec, self._where = spec, where
        self._kind: Kind = time_kind(spec)
        self._parsed = from_text or "string" in spec.taken

    def convert(self, values: list[Any], nanos: list[Any] | None = None) -> Converted:
        """Return the timestamps of the values, and the faults. nanos: the nanoseconds to be added to each."""
        faults: dict[int, Fault] = {}
        raw, records = self._raw(values, faults)
        array, invalid = self.timestamps(pa.array(raw, ARRAYS[self._kind]))
        for i, fault in invalid.items():
            faults.setdefault(i, fault)
        if records:
            times_ = pa.array([records.get(i) for i in range(len(values))], pa.int64())
            array = pc.coalesce(times_.cast(ARROW["timestamp"]), array)
        return (_with_nanos(array, nanos, records, faults) if nanos else array), faults

    def _raw(self, values: list[Any], faults: dict[int, Fault]) -> tuple[list[Any], dict[int, int]]:
        """Return the values as the time's kind, None where there is none, and the microseconds of record times."""
        plain: dict[str, set[type]] = {"string": {str}, "instant": {float, int}, "ticks": {int}}
        if {*map(type, values)} <= plain[self._kind]:
            try:
                pa.array(values, ARRAYS[self._kind])
            except (pa.ArrowInvalid, OverflowError, UnicodeEncodeError):
                pass
            else:
                if self._kind != "instant" or np.isfinite(np.array(values, np.float64)).all():
                    return values, {}
        raw: list[Any] = []
        records: dict[int, int] = {}
        for i, value in enumerate(values):
            taken = None
            if isinstance(value, RecordTime):
                records[i] = int(value) * 1000
            else:
                try:
                    taken = self._one(value)
                except Refused as refused:
                    faults[i] = refused.fault
            raw.append(taken)
        return raw, records

    def _one(self, value: Any) -> Any:
        if value is ABSENT:
            raise Refused(Code.TIME_MISSING, f"the time is missing (it is read from {self._where})")
        if value is None:
            raise Refused(Code.TIME_MISSING, "the time is null")
        if isinstance(value, Fault):
            code = Code.TIME_INVALID if value.code is Code.WRONG_TYPE else value.code
            raise Refused(code, f"{TS}: {value.message}")
        if isinstance(value, str) and self._kind != "string" and self._parsed:
            number = texts.number(value)
            if isinstance(number, Fault) or number is None:
                raise Refused(Code.TIME_INVALID, f"{TS}: expected a number, found {shown(value)}")
            value = number
        elif json_type(value) not in self._spec.taken:
            wanted = " or ".join(f"a {kind}" for kind in self._spec.taken)
            raise Refused(Code.TIME_INVALID, f"{TS}: expected {wanted}, found {shown(value)}")
        return _text(value) if self._kind == "string" else _MAKE[self._kind](value)

    def timestamps(self, raw: pa.Array) -> Converted:
        """Return the timestamps of texts or numbers in the array of the time's kind, and the faults."""
        spec = self._spec
        if spec.format:
            return _named(times.from_formats(raw, spec.format, spec.zone))
        if spec.unit == "iso8601" or spec.unit is None:
            return _named(times.from_iso8601(raw, spec.zone))
        micros = times.from_epoch(raw, spec.unit)
        return pa.array(micros, mask=raw.is_null().to_numpy(zero_copy_only=False)).view(ARROW["timestamp"]), {}


def _with_nanos(
    array: pa.Array, nanos: list[Any], records: Collection[int], faults: dict[int, Fault]
) -> pa.TimestampArray:
    """Return the times with the nanoseconds added, but those of records, which the seconds are not of."""
    added = []
    for i, value in enumerate(nanos):
        whole = 0 if value is ABSENT or value is None or i in records else value
        if type(whole) is not int or not 0 <= whole < _NANOS:
            faults.setdefault(i, Fault(Code.TIME_INVALID, f"{TS}: {shown(value)} is not 0 to 999,999,999 ns"))
            whole = 0
        added.append(whole // 1000)
    micros = array.cast(pa.int64()).fill_null(0).to_numpy() + np.array(added, np.int64)
    return pa.array(micros, mask=array.is_null().to_numpy(zero_copy_only=False)).view(ARROW["timestamp"])


def _named(converted: Converted) -> Converted:
    array, faults = converted
    return array, {i: Fault(fault.code, f"{TS}: {fault.message}") for i, fault in faults.items()}


def _text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        what = f"{TS}: a lone surrogate is not a character, in {shown(value)}"
        raise Refused(Code.NOT_UTF8, what) from None
    return value


def _finite(value: Any) -> int | float | Decimal:
    number: int | float | Decimal = value
    if not is_finite(number):
        code = Code.NAN if is_nan(number) else Code.NUMBER_OVERFLOW
        raise Refused(code, f"{TS}: {number} is not a time")
    return number


def _instant(value: Any) -> float:
    try:
        return float(_finite(value))
    except OverflowError:
        raise _too_far(value, "is too large for a time") from None


def _ticks(value: Any) -> int:
    number = _finite(value)
    if not isinstance(number, int):
        if number != number // 1:
            raise Refused(Code.TIME_INVALID, f"{TS}: expected a whole number, found {shown(value)}")
        if isinstance(number, float) and abs(number) > EXACT:
            raise Refused(Code.INTEGER_TOO_LARGE, f"{TS}: {number!r} is not written as an exact whole number")
        number = int(number)
    if not -(2**63) <= number < 2**63:
        raise _too_far(number, "does not fit in 64 bits")
    return number


def _too_far(value: Any, what: str) -> Refused:
    code = Code.TIME_AFTER_BOUNDS if value > 0 else Code.TIME_BEFORE_BOUNDS
    return Refused(code, f"{TS}: {shown(value)} {what}")


_MAKE: dict[str, Callable[[Any], Any]] = {"instant": _instant, "ticks": _ticks}
