"""Convert times as sources write them to microseconds since 1970-01-01T00:00:00Z."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from headrace_udfs import time_format, time_zones
from headrace_udfs.arrays import spread
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


def from_iso8601(values: pa.StringArray, zone: str | None = None) -> tuple[pa.TimestampArray, dict[int, Fault]]:
    """Return the timestamps (microseconds, UTC) of ISO 8601 texts, and the faults by position.

    The array is as long as `values` and is null where the text is null or has a fault. The form that is taken is
    YYYY-MM-DD, a T or a space, hh, hh:mm or hh:mm:ss with any number of decimals (truncated to six) after a point or a
    comma, and a zone: Z, +hh, +hhmm or +hh:mm. T and Z may be lower case. zone: the name of the time zone of texts
    without one; without it, they are faults.
    """
    pieces = isolate(lambda start, stop: _instants(values.slice(start, stop - start)), len(values))
    arrays = [pa.nulls(1, ARROW["timestamp"]) if p.error else p.result for p in pieces]
    faults = {p.start: _fault(values[p.start].as_py()) for p in pieces if p.error}
    instants = pa.concat_arrays(arrays) if arrays else pa.array([], ARROW["timestamp"])
    if zone and (local := [i for i, fault in faults.items() if fault.code is Code.TIME_WITHOUT_ZONE]):
        texts = values.take(pa.array(local))
        found, failed = _from_clock(_plain(texts).cast(pa.timestamp("us")).cast(pa.int64()).to_numpy(), texts, zone)
        instants = pc.coalesce(instants, spread(found, np.array(local), len(values)))
        faults = {i: fault for i, fault in faults.items() if i not in local}
        faults |= {local[i]: fault for i, fault in failed.items()}
    return _on_calendar(instants, values, faults)


def from_formats(
    values: pa.StringArray, formats: Sequence[str], zone: str | None
) -> tuple[pa.TimestampArray, dict[int, Fault]]:
    """Return the timestamps of texts of the first form that fits, and the faults by position, as `from_iso8601` does.

    formats: forms as `time_format` reads them. zone: the name of the time zone of texts without one.
    """
    instants = pa.nulls(len(values), ARROW["timestamp"])
    faults: dict[int, Fault] = {}
    left = np.flatnonzero(values.is_valid().to_numpy(zero_copy_only=False))
    for form in formats:
        texts = values.take(pa.array(left))
        micros, fits, zoned = time_format.read(texts, form)
        at = np.flatnonzero(fits)
        found = pa.array(micros[at]).view(ARROW["timestamp"])
        local = np.flatnonzero(~zoned[at])
        if zone and len(local):
            clock, failed = _from_clock(micros[at][local], texts.take(pa.array(at[local])), zone)
            found = pc.if_else(pa.array(zoned[at]), found, spread(clock, local, len(at)))
            faults |= {int(left[at[local[i]]]): fault for i, fault in failed.items()}
        instants = pc.coalesce(instants, spread(found, left[at], len(values)))
        left = left[~fits]
    for i in left.tolist():
        forms = " or ".join(formats)
        faults[i] = Fault(Code.TIME_INVALID, f"{shown(values[i].as_py())} is not a valid time of the form {forms}")
    return _on_calendar(instants, values, faults)


def _from_clock(local: Micros, texts: pa.StringArray, zone: str) -> tuple[pa.TimestampArray, dict[int, Fault]]:
    """Return the timestamps of times by the clock of a zone, and the faults of those that it shows twice or never."""
    micros, ambiguous, skipped = time_zones.to_utc(local, zone)
    faults = {}
    for i in np.flatnonzero(ambiguous).tolist():
        what = f"{shown(texts[i].as_py())} occurs twice in {zone}, where the clock is set back"
        faults[i] = Fault(Code.TIME_AMBIGUOUS, what)
    for i in np.flatnonzero(skipped).tolist():
        what = f"{shown(texts[i].as_py())} does not occur in {zone}, where the clock is set forward"
        faults[i] = Fault(Code.TIME_SKIPPED, what)
    return pa.array(micros, mask=ambiguous | skipped).view(ARROW["timestamp"]), faults


def _on_calendar(
    instants: pa.TimestampArray, values: pa.StringArray, faults: dict[int, Fault]
) -> tuple[pa.TimestampArray, dict[int, Fault]]:
    """Return the instants within the years 1 to 9999, and the faults with those of the others."""
    micros = instants.cast(pa.int64()).fill_null(0).to_numpy()
    outside = (micros < FIRST) | (micros > LAST)
    faults |= {i: _outside_calendar(values[i].as_py()) for i in np.flatnonzero(outside).tolist()}
    return pc.if_else(pa.array(outside), None, instants), faults


def _instants(texts: pa.StringArray) -> pa.TimestampArray:
    zoned = pa.timestamp("us", "UTC")
    try:
        instants = texts.cast(zoned)
    except pa.ArrowInvalid:
        instants = _plain(texts).cast(zoned)
    return instants.cast(pa.int64()).cast(ARROW["timestamp"])


def _plain(texts: pa.StringArray) -> pa.StringArray:
    """Return ISO 8601 texts in the spelling that Arrow reads: T, Z, a point, and six decimals at most."""
    texts = pc.replace_substring_regex(texts, r"^(\d{4}-\d\d-\d\d)t", r"\1T")
    texts = pc.replace_substring_regex(texts, r"([\d.,])z$", r"\1Z")
    texts = pc.replace_substring_regex(texts, r"(:\d\d:\d\d),(\d)", r"\1.\2")
    return pc.replace_substring_regex(texts, r"(\.\d{6})\d+", r"\1")


def _outside_calendar(text: str) -> Fault:
    return Fault(Code.TIME_INVALID, f"{shown(text)} is not within the years 1 to 9999, in UTC")


def _fault(text: str) -> Fault:
    quoted = shown(text)
    try:
        _plain(pa.array([text])).cast(pa.timestamp("us"))
    except pa.ArrowInvalid:
        taken = "2014-01-01T00:00:00Z or 2014-01-01 00:00:00.5+01:00"
        return Fault(Code.TIME_INVALID, f"{quoted} is not a valid time of the form that is taken here, like {taken}")
    return Fault(Code.TIME_WITHOUT_ZONE, f"{quoted} has no time zone: end it with Z or an offset like +01:00")
