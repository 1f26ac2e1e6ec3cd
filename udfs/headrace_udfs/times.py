"""Times as sources write them into microseconds since 1970-01-01T00:00:00Z."""

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

# Beyond any bound that a contract can set, and safe to cast.
_FOREVER = 9e18
_PER_UNIT: Mapping[str, float] = {"epoch_s": 1e6, "epoch_ms": 1e3}


def from_epoch(values: pa.Array, unit: str) -> Micros:
    """Microseconds of epoch times; a null is 0.

    values: double for epoch_s and epoch_ms, rounded to the nearest microsecond; int64 for epoch_us and epoch_ns, a
    rest of nanoseconds cut off.
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
                micros = np.clip(np.rint(filled * _PER_UNIT[unit]), -_FOREVER, _FOREVER).astype(np.int64)
    return micros


def from_iso8601(values: pa.StringArray) -> tuple[pa.TimestampArray, dict[int, Fault]]:
    """Timestamps of ISO 8601 texts, a null where there is one or a fault; and the faults by position.

    Read is YYYY-MM-DD, a T or a space, hh, hh:mm or hh:mm:ss with any number of decimals (cut to six), and a zone:
    Z, +hh, +hhmm or +hh:mm.
    """
    pieces = isolate(lambda start, stop: _instants(values.slice(start, stop - start)), len(values))
    arrays = [pa.nulls(1, ARROW["timestamp"]) if p.error else p.result for p in pieces]
    faults = {p.start: _fault(values[p.start].as_py()) for p in pieces if p.error}
    return pa.concat_arrays(arrays) if arrays else pa.array([], ARROW["timestamp"]), faults


def _instants(texts: pa.StringArray) -> pa.TimestampArray:
    zoned = pa.timestamp("us", "UTC")
    try:
        instants = texts.cast(zoned)
    except pa.ArrowInvalid:
        instants = pc.replace_substring_regex(texts, r"(\.\d{6})\d+", r"\1").cast(zoned)
    return instants.cast(pa.int64()).cast(ARROW["timestamp"])


def _fault(text: str) -> Fault:
    found = shown(text)
    try:
        pc.replace_substring_regex(pa.array([text]), r"(\.\d{6})\d+", r"\1").cast(pa.timestamp("us"))
    except pa.ArrowInvalid:
        return Fault(Code.TIME_INVALID, f"{found} is no ISO 8601 time like 2014-01-01T00:00:00Z")
    return Fault(Code.TIME_WITHOUT_ZONE, f"{found} has no zone: end it with Z or an offset like +01:00")
