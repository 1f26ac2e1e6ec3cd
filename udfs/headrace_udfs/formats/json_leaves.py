"""The values that a contract reads from a payload, in one list that all decoders use."""

from __future__ import annotations

from typing import Literal, NamedTuple

import pyarrow as pa

from headrace_udfs.contract import Contract, TimeSpec
from headrace_udfs.types import ARROW, QUALITY, TS

Kind = Literal["string", "double", "long", "boolean", "timestamp", "instant", "ticks"]
"""The contract's types, and two kinds of time since the epoch: `instant` is any number, `ticks` a whole number."""

ARRAYS: dict[Kind, pa.DataType] = {
    "string": ARROW["string"],
    "double": ARROW["double"],
    "long": ARROW["long"],
    "boolean": ARROW["boolean"],
    "timestamp": pa.string(),
    "instant": pa.float64(),
    "ticks": pa.int64(),
}
"""The Arrow type of each kind as it leaves the JSON decoders."""


class Leaf(NamedTuple):
    """A value in the payload: its column, path and kind. `ts` is always required."""

    column: str
    path: tuple[str, ...]
    kind: Kind
    required: bool


def leaves(contract: Contract) -> list[Leaf]:
    """Return the leaves of a contract: one per field, then `ts`, then `quality` if the contract has one."""
    paths = {name: tuple(map(str, path)) for name, path in contract.paths.items()}
    fields = [Leaf(name, paths[name], field.type, field.required) for name, field in contract.fields.items()]
    time = Leaf(TS, paths[TS], _time_kind(contract.time), True)
    if not contract.quality:
        return [*fields, time]
    kind: Kind = "string" if contract.quality.mapping == "names" else "long"
    return [*fields, time, Leaf(QUALITY, paths[QUALITY], kind, False)]


def _time_kind(time: TimeSpec) -> Kind:
    match time.unit:
        case "epoch_s" | "epoch_ms":
            return "instant"
        case "epoch_us" | "epoch_ns":
            return "ticks"
        case _:
            return "string"
