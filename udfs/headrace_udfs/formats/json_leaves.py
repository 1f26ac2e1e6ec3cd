"""The values that a contract reads from a payload, in one list that all decoders use."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, NamedTuple

import pyarrow as pa

from headrace_udfs.contract import Contract, TimeSpec
from headrace_udfs.quality import NUMBERED
from headrace_udfs.types import ARROW, QUALITY, TS

Kind = Literal["string", "double", "long", "boolean", "timestamp", "instant", "ticks", "word"]
"""The contract's types; two kinds of time since the epoch: `instant` is any number, `ticks` a whole number; and `word`,
a text, a whole number or a boolean that a quality is."""

ARRAYS: dict[Kind, pa.DataType] = {
    "string": ARROW["string"],
    "double": ARROW["double"],
    "long": ARROW["long"],
    "boolean": ARROW["boolean"],
    "timestamp": pa.string(),
    "instant": pa.float64(),
    "ticks": pa.int64(),
    "word": pa.string(),
}
"""The Arrow type of each kind as it leaves the JSON decoders."""


class Leaf(NamedTuple):
    """A value in the payload: its column, path and kind. `ts` is always required."""

    column: str
    path: tuple[str, ...]
    kind: Kind
    required: bool


def leaves(contract: Contract, columns: Collection[str] | None = None) -> list[Leaf]:
    """Return the leaves of a contract: its columns, or these, that are each read at one path."""
    found = []
    for name, path in contract.paths.items():
        if columns is None or name in columns:
            kind, required = _kind(contract, name)
            found.append(Leaf(name, tuple(map(str, path)), kind, required))
    return found


def _kind(contract: Contract, name: str) -> tuple[Kind, bool]:
    """Return the kind of a column, and whether each reading has it."""
    if name == TS:
        return time_kind(contract.time), True
    if name == QUALITY:
        return ("long" if contract.quality and contract.quality.mapping in NUMBERED else "word"), False
    return contract.fields[name].type, contract.fields[name].required


def time_kind(time: TimeSpec) -> Kind:
    """Return the kind of a time as it is written."""
    match time.unit:
        case "epoch_s" | "epoch_ms":
            return "instant"
        case "epoch_us" | "epoch_ns":
            return "ticks"
        case _:
            return "string"
