"""Masks of values: tokens, truncation, steps and shifted dates, each computed once per distinct value of a batch."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from headrace_udfs.arrays import Positions
from headrace_udfs.contract_privacy import Prefix, Unit
from headrace_udfs.key_ring import Key

_TOKEN = 16
"""Bytes of a token: 2^64 values have an even chance that two share one."""

_DAY_US = 86_400_000_000
_FIRST_DAY_US = (date.min - date(1970, 1, 1)).days * _DAY_US

# ISO 8601 and FHIR, then HL7 v2: 1980, 1980-03, 1980-03-12, 1980-03-12T10:00:00Z, 198003, 19800312, 198003121000
_DATES = (
    re.compile(r"(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d)(?P<rest>[T ].*)?)?)?"),
    re.compile(r"(?P<year>\d{4})(?:(?P<month>\d\d)(?:(?P<day>\d\d)(?P<rest>\d.*)?)?)?"),
)


NONE: Positions = np.empty(0, np.int64)


class Masked(NamedTuple):
    """The masked values, null where a value is; and the rows whose value does not fit the mask, and are null too."""

    values: pa.Array
    unfit: Positions


def hashed(values: pa.StringArray, key: Key) -> pa.Array:
    """Return `<version>-<32 hex digits>` of each string: the first half of HMAC-SHA256 (RFC 2104); null of null."""
    secret = key.derived("hash")

    def token(text: str) -> str:
        return f"{key.version}-{hmac.digest(secret, text.encode(), hashlib.sha256)[:_TOKEN].hex()}"

    return _each(values, token).values


def first(values: pa.StringArray, characters: int) -> pa.Array:
    """Return the first characters of each string."""
    return pc.utf8_slice_codeunits(values, 0, characters)


def prefix(values: pa.StringArray, bits: Prefix) -> Masked:
    """Return the network of each IP address, like 10.1.2.0 and 2001:db8::."""

    def network(text: str) -> str | None:
        try:
            address = ipaddress.ip_address(text.strip())
        except ValueError:
            return None
        kept = bits.v4 if address.version == 4 else bits.v6
        return str(ipaddress.ip_network((address.packed, kept), strict=False).network_address)

    return _each(values, network)


def stepped(values: pa.Array, step: float) -> pa.Array:
    """Return the largest multiple of `step` that is not above each number; longs stay longs."""
    if pa.types.is_int64(values.type):
        whole = pa.array(values.fill_null(0).to_numpy() // int(step) * int(step))
        # Below the least long there is no multiple: numpy wraps around, and the least long stands in for it.
        whole = pc.if_else(pc.greater(whole, values.fill_null(0)), pa.scalar(-(2**63), pa.int64()), whole)
    else:
        whole = pc.multiply(pc.floor(pc.divide(values, float(step))), float(step))
    return pc.if_else(values.is_valid(), whole, pa.scalar(None, values.type))


def truncated_times(values: pa.TimestampArray, unit: Unit) -> pa.Array:
    """Return the beginning of the year, month, day or hour of each time, in UTC."""
    return pc.floor_temporal(values, unit=unit)


def truncated_texts(values: pa.StringArray, unit: Unit) -> Masked:
    """Return the beginning of each date or time, like 1980-03 and 198003; one that has less stays as it is."""
    kept = ("year", "month", "day")[: ("year", "month", "day").index(unit) + 1]

    def cut(text: str) -> str | None:
        match = _date_of(text)
        return match and text[: max(match.end(part) for part in kept)]

    return _each(values, cut)


def days_of(subjects: pa.StringArray, key: Key, most: int) -> npt.NDArray[np.int64]:
    """Return how many days the dates of each subject move back: 1 to `most`, by a keyed hash; 0 for null."""
    secret = key.derived("shift")

    def days(text: str) -> int:
        return 1 + int.from_bytes(hmac.digest(secret, text.encode(), hashlib.sha256)[:8], "big") % most

    found: npt.NDArray[np.int64] = _each(subjects, days, pa.int64()).values.fill_null(0).to_numpy()
    return found


def shifted_times(values: pa.TimestampArray, days: npt.NDArray[np.int64]) -> Masked:
    """Return each time moved back by days of 24 hours; one that would be before the year 1 does not fit."""
    micros = values.cast(pa.int64()).fill_null(0).to_numpy()
    unfit = micros < _FIRST_DAY_US + days * _DAY_US
    moved = np.where(unfit, 0, micros - days * _DAY_US)
    mask = unfit | ~values.is_valid().to_numpy(zero_copy_only=False)
    return Masked(pa.array(moved, mask=mask).view(values.type), np.flatnonzero(unfit))


def shifted_texts(values: pa.StringArray, days: npt.NDArray[np.int64]) -> Masked:
    """Return each date or time moved back by days; its time of day and its form stay.

    A month counts as its first day, and a year as its first; the result has no more than the text had.
    """
    texts = [
        None if text is None else _moved(text, by) for text, by in zip(values.to_pylist(), days.tolist(), strict=True)
    ]
    moved = pa.array(texts, pa.string())
    return Masked(moved, _lost(values, moved))


def _moved(text: str, days: int) -> str | None:
    match = _date_of(text)
    if match is None:
        return None
    try:
        moved = date(int(match["year"]), int(match["month"] or 1), int(match["day"] or 1)) - timedelta(days)
    except (ValueError, OverflowError):
        return None
    parts = [f"{moved.year:04}", *([f"{moved.month:02}"] if match["month"] else [])]
    if match["day"]:
        parts.append(f"{moved.day:02}")
    return ("-" if "-" in text[:5] else "").join(parts) + (match["rest"] or "")


def _date_of(text: str) -> re.Match[str] | None:
    """Return the parts of a date or time that is a text: year, month, day, rest; None if it is none."""
    return next((found for form in _DATES if (found := form.fullmatch(text))), None)


def _each(values: pa.Array, of: Callable[[str], object], kind: pa.DataType | None = None) -> Masked:
    """Return `of` each value, called once per distinct value; None does not fit."""
    encoded = values.dictionary_encode()
    made = pa.array([of(text) for text in encoded.dictionary.to_pylist()], kind or pa.string())
    masked = made.take(encoded.indices)
    return Masked(masked, _lost(values, masked))


def _lost(values: pa.Array, masked: pa.Array) -> Positions:
    return np.flatnonzero(pc.and_(values.is_valid(), masked.is_null()).to_numpy(zero_copy_only=False))
