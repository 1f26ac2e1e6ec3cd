"""How much of a sample of messages a contract decodes, and why not the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC
from secrets import token_hex
from typing import Any

import numpy as np
import pyarrow as pa

from headrace.authoring.names_of_stream import named
from headrace.environment.kafka_sample import Record
from headrace_udfs.contract import Contract
from headrace_udfs.decode import Decoder
from headrace_udfs.key_ring import SHORTEST, KeyRing
from headrace_udfs.messages import Messages
from headrace_udfs.registry import RegistryAddress
from headrace_udfs.schemas import GivenSchemas

EXAMPLES = 3
"""The most examples of one code."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Example:
    """A reading that was refused: where its message is, its number in the message, and why."""

    place: str
    index: int
    message: str


@dataclass(frozen=True)
class Tally:
    """What a contract makes of a sample.

    messages: how many were read. readings: how many rows they have, good or not; what the contract marks is none.
    codes: how many of them are refused, by code. examples: the first of each code. rows: the first good readings, by
    column. whole: the places of messages all of whose readings are good.
    """

    messages: int
    readings: int
    codes: Counter[str]
    examples: dict[str, list[Example]]
    rows: list[Row]
    whole: frozenset[str] = frozenset()

    @property
    def good(self) -> int:
        """The number of readings that decode."""
        return self.readings - self.codes.total()

    @property
    def share(self) -> float:
        """The share of the readings that decode, from 0 to 1; 0 if there are none."""
        return self.good / self.readings if self.readings else 0.0


def tally(
    contract: Contract,
    records: Sequence[Record],
    schemas: RegistryAddress | GivenSchemas | None = None,
    rows: int = 10,
) -> Tally:
    """Decode the records as a job would, and count. Keeps the first `rows` good readings.

    Raises RegistryFailed, and ValueError if the format needs schemas and has none.
    """
    keys = KeyRing({name: {1: token_hex(SHORTEST)} for name in contract.key_names})  # what is shown is masked, too
    if schemas is None:
        decoded = Decoder(contract, keys=keys).decode(messages(records))
    else:
        with closing(schemas.open()) as opened:
            decoded = Decoder(contract, schemas=opened, keys=keys).decode(messages(records))
    of_message = np.arange(len(records)) if decoded.message is None else decoded.message
    if contract.dictionary:
        decoded = named(contract, decoded, messages(records), [_partition(contract, each) for each in records])
        of_message = np.arange(len(records)) if decoded.message is None else decoded.message
    codes: Counter[str] = Counter()
    examples: dict[str, list[Example]] = {}
    told = {row for row, fault in decoded.faults.items() if fault.code in contract.markers}
    for row in sorted(decoded.faults.keys() - told):
        fault = decoded.faults[row]
        codes[fault.code.value] += 1
        kept = examples.setdefault(fault.code.value, [])
        if len(kept) < EXAMPLES:
            index = row - int(np.searchsorted(of_message, of_message[row]))
            kept.append(Example(records[of_message[row]].place, index, fault.message))
    good = pa.array(np.delete(np.arange(len(of_message)), sorted(decoded.faults))[:rows])
    columns = {name: _plain(column.take(good)) for name, column in decoded.columns.items()}
    first = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    bad = {int(of_message[row]) for row in decoded.faults.keys() - told}
    whole = frozenset(each.place for i, each in enumerate(records) if i not in bad)
    return Tally(len(records), len(of_message) - len(told), codes, examples, first, whole)


def _plain(column: pa.Array) -> list[Any]:
    """Return the values of a column; times are in UTC, and say so."""
    is_time = pa.types.is_timestamp(column.type)
    return [value.replace(tzinfo=UTC) if is_time and value else value for value in column.to_pylist()]


def _partition(contract: Contract, record: Record) -> int | str:
    return f"{record.topic}/{record.partition}" if contract.several else record.partition


def messages(records: Sequence[Record]) -> Messages:
    """Return the records as decoders take them; a time that Kafka does not know is 1970."""
    return Messages(
        [each.value for each in records],
        [each.key for each in records],
        [each.headers for each in records],
        [each.topic for each in records],
        np.array([each.time or 0 for each in records], np.int64),
    )
