"""Times by the local clock of a zone to UTC, without those that a change of the clock repeats or skips."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

Micros = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_EPOCH = datetime(1970, 1, 1)
_SLOT = 900_000_000
"""Microseconds of a slot, within which a zone's offset is the same if it is so at both ends."""
_LEAST, _MOST = -62_135_510_400_000_000, 253_402_214_400_000_000
"""A day within the years 1 to 9999, so that no offset leads out of them."""

EARLIER, LATER = 0, 1


def to_utc(local: Micros, zone: str) -> tuple[Micros, Flags, Flags]:
    """Return the microseconds in UTC of microseconds by the local clock, and which of them are ambiguous or skipped.

    Both flags are for times that a change of the clock gives twice, or never; their UTC is that before the change.
    Times outside the years 1 to 9999 are returned as they are.
    """
    within = np.where((local > _LEAST) & (local < _MOST), local, 0)
    slots, inverse = np.unique(within // _SLOT, return_inverse=True)
    constant = np.array([_constant(zone, int(slot)) for slot in slots], np.int64).reshape(-1)
    offset = constant[inverse] if len(slots) else np.zeros(0, np.int64)
    ambiguous, skipped = np.zeros(len(local), bool), np.zeros(len(local), bool)
    for i in np.flatnonzero(offset == _VARIES).tolist():
        earlier, later = _offset(zone, int(within[i]), EARLIER), _offset(zone, int(within[i]), LATER)
        offset[i] = earlier
        if earlier != later:
            # In a repeated hour the first pass has the larger offset; in a gap the smaller one comes first.
            ambiguous[i], skipped[i] = earlier > later, earlier < later
    return local - offset, ambiguous, skipped


_VARIES = 2**62


@lru_cache(maxsize=4096)
def _constant(zone: str, slot: int) -> int:
    """Return the offset in microseconds throughout a slot, or _VARIES."""
    ends = (slot * _SLOT, (slot + 1) * _SLOT)
    offsets = {_offset(zone, end, fold) for end in ends for fold in (EARLIER, LATER)}
    return offsets.pop() if len(offsets) == 1 else _VARIES


def _offset(zone: str, local: int, fold: int) -> int:
    """Return the offset from UTC, in microseconds, of a local time; fold: which of two passes of a repeated hour."""
    moment = (_EPOCH + timedelta(microseconds=local)).replace(tzinfo=ZoneInfo(zone), fold=fold)
    offset = moment.utcoffset()
    return (offset or timedelta()) // timedelta(microseconds=1)
