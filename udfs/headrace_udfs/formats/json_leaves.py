"""The values that a contract reads from a JSON payload, in one list that both decoders of JSON work from."""

from __future__ import annotations

from typing import Literal, NamedTuple

import pyarrow as pa

from headrace_udfs.contract import Contract, TimeSpec
from headrace_udfs.types import ARROW, QUALITY, TS

# Besides the contract's own types, a time since the epoch: `instant` any number, `ticks` a whole one.
Kind = Literal["string", "double", "long", "boolean", "timestamp", "instant", "ticks"]

ARRAYS: dict[Kind, pa.DataType] = {
    "string": ARROW["string"],
    "double": ARROW["double"],
    "long": ARROW["long"],
    "boolean": ARROW["boolean"],
    "timestamp": pa.string(),
    "instant": pa.float64(),
    "ticks": pa.int64(),
}


class Leaf(NamedTuple):
    """A value of the payload. `timestamp` values leave the decoder as ISO 8601 text; `ts` is always required."""

    column: str
    path: tuple[str, ...]
    kind: Kind
    required: bool


def leaves(contract: Contract) -> list[Leaf]:
    """The leaves of a contract, one for each of its paths."""
    paths = contract.paths
    found = [Leaf(name, paths[name], field.type, field.required) for name, field in contract.fields.items()]
    found.append(Leaf(TS, paths[TS], _time_kind(contract.time), True))
    if contract.quality:
        found.append(Leaf(QUALITY, paths[QUALITY], "string" if contract.quality.mapping == "names" else "long", False))
    return found


def _time_kind(time: TimeSpec) -> Kind:
    match time.unit:
        case "epoch_s" | "epoch_ms":
            return "instant"
        case "epoch_us" | "epoch_ns":
            return "ticks"
        case "iso8601":
            return "string"
