"""What a format is to the rest of the line: bytes in, Arrow columns and faults out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from headrace_udfs.faults import Fault

Payloads = Sequence[bytes | None]


@dataclass(frozen=True)
class Decoded:
    """Readings as they stand in a batch of payloads, checked for type but not yet for range, time or quality.

    columns: one array a column of the contract, all of one length, typed as the contract says, except
        `ts`: double (epoch_s, epoch_ms), int64 (epoch_us, epoch_ns) or string (iso8601), as the contract's unit;
        `quality`: int64, or string where the mapping is by names; no such column where the contract has no quality.
    faults: by position of the payload, why it was refused. Its reading is all nulls.
    """

    columns: Mapping[str, pa.Array]
    faults: dict[int, Fault]


class Format(Protocol):
    """Decodes payloads of one contract."""

    def decode(self, payloads: Payloads) -> Decoded:
        """Reading i is payload i's. Never raises for what a payload holds: that is a fault of this payload alone."""
        ...
