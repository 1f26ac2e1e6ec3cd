"""What a format is to the rest of the line: bytes in, Arrow columns and faults out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from headrace_udfs.arrays import Positions
from headrace_udfs.contract import Contract
from headrace_udfs.faults import Fault
from headrace_udfs.schemas import Schemas

Payloads = Sequence[bytes | None]


@dataclass(frozen=True)
class Decoded:
    """Readings as they stand in a batch of payloads, checked for type but not yet for range, time or quality.

    columns: one array a column of the contract, all of one length, typed as the contract says, except
        a timestamp: string (ISO 8601) or timestamp;
        `ts`: double (epoch_s, epoch_ms), int64 (epoch_us, epoch_ns) or string (iso8601), as the contract's unit, or
            timestamp;
        `quality`: int64, or string where the mapping is by names; no such column where the contract has no quality.
    faults: by position of the reading, why it was refused; it is all nulls.
    message: the position of the payload that each reading stood in, in order and each at least once (a payload that
        gives no reading gives a fault); None where reading i is payload i's.
    """

    columns: Mapping[str, pa.Array]
    faults: dict[int, Fault]
    message: Positions | None = None


class Format(Protocol):
    """Decodes the payloads of one contract; the facts of the format are in `format_names.FORMAT_FACTS`.

    Where the format is `many`, Decoded has `message`. Where it is `registered`, the schemas that payloads name are
    looked up in `schemas`.
    """

    def __init__(self, contract: Contract, schemas: Schemas | None = None) -> None: ...

    def decode(self, payloads: Payloads) -> Decoded:
        """Never raises for what a payload holds: that is a fault of this payload, or of one reading in it.

        Raises RegistryFailed where `schemas` cannot be asked.
        """
        ...
