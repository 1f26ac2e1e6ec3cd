"""Convert times as sources write them to microseconds since 1970-01-01T00:00:00Z."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from headrace_udfs.faults import Code, Fault, shown
from headrace_udfs.isolate import isolate
from headrace_udfs.types import ARROW

Micros = npt.NDArray[np.int64]
"""An int64 array of microseconds since 1970-01-01T00:00:00Z."""

FIRST, LAST = -62_135_596_800_000_000, 253_402_300_799_999_999
"""The beginning of the year 1 and the end of the year 9999: not every reader can hold times beyond them."""

# Beyond any bound that a contract can set, and still safe to cast to int64.
_FARTHEST = 9e18
_PER_UNIT: Mapping[str, float] = {"epoch_s": 1e6, "epoch_ms": 1e3}


def from_epoch(values: pa.Array, unit: str) -> Micros:
    """Return the microseconds since 1970 of epoch times, as long as `values`; a null becomes 0.

    values: double for the units epoch_s and epoch_ms, rounded to the nearest microsecond and clipped to what int64
    holds; int64 for epoch_us and epoch_ns, where nanoseconds are truncated to microseconds.
    """
    filled = values.fill_null(0).to_numpy()
    micros: Micros
    match unit:
        case "epoch_ns":
            micros = filled // 1000
        case "epoch_us":
            micros = filled
        case _:
            with np.errstate(over="ignore"):
                micros = np.clip(np.rint(filled * _PER_UNIT[unit]), -_FARTHEST, _FARTHEST).astype(np.int64)
    return micros


def from_iso8601(values: pa.StringArray) -> tuple[pa.TimestampArray, dict[int, Fault]]:
    """Return the timestamps (microseconds, UTC) of ISO 8601 texts, and the faults by position.

    The array is as long as `values` and is null where the text is null or has a fault. The accepted form is YYYY-MM-DD,
    a T or a space, hh, hh:mm or hh:mm:ss with any number of decimals (truncated to six), and a zone: Z, +hh, +hhmm or
    +hh:mm.
    """
    pieces = isolate(lambda start, stop: _instants(values.slice(start, stop - start)), len(values))
    arrays = [pa.nulls(1, ARROW["timestamp"]) if p.error else p.result for p in pieces]
    faults = {p.start: _fault(values[p.start].as_py()) for p in pieces if p.error}
    instants = pa.concat_arrays(arrays) if arrays else pa.array([], ARROW["timestamp"])
    micros = instants.cast(pa.int64()).fill_null(0).to_numpy()
    outside = (micros < FIRST) | (micros > LAST)
    faults |= {i: _outside_calendar(values[i].as_py()) for i in np.flatnonzero(outside).tolist()}
    return pc.if_else(pa.array(outside), None, instants), faults


def _instants(texts: pa.StringArray) -> pa.TimestampArray:
    zoned = pa.timestamp("us", "UTC")
    try:
        instants = texts.cast(zoned)
    except pa.ArrowInvalid:
        instants = pc.replace_substring_regex(texts, r"(\.\d{6})\d+", r"\1").cast(zoned)
    return instants.cast(pa.int64()).cast(ARROW["timestamp"])


def _outside_calendar(text: str) -> Fault:
    return Fault(Code.TIME_INVALID, f"{shown(text)} is not within the years 1 to 9999, in UTC")


def _fault(text: str) -> Fault:
    quoted = shown(text)
    try:
        pc.replace_substring_regex(pa.array([text]), r"(\.\d{6})\d+", r"\1").cast(pa.timestamp("us"))
    except pa.ArrowInvalid:
        return Fault(Code.TIME_INVALID, f"{quoted} is not a valid ISO 8601 time like 2014-01-01T00:00:00Z")
    return Fault(Code.TIME_WITHOUT_ZONE, f"{quoted} has no time zone: end it with Z or an offset like +01:00")
