"""What a worker makes of rows whose names come with the stream, and what SQL makes of them then.

A worker sees the rows of a pack, not all before them. So it hands on what a row has itself, and SQL resolves it in the
job's state (jobs/headrace/compose/templates/learned.sql.j2). `Names` is the same in Python, for samples and tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from headrace_udfs.contract import Contract
from headrace_udfs.contract_parts import FieldSpec
from headrace_udfs.faults import Code, Fault
from headrace_udfs.formats.exact import EXACT

BITS, WIDTH = "src_bits", "src_width"
"""Columns of a whole number whose type is open: its bits as a signed number, and the bits of its field, 32 or 64."""

MQTT = "src_mqtt"
"""Column of the MQTT topic of each message, which says what the message is to a session of Sparkplug."""

Row = dict[str, Any]


class IntegerType(NamedTuple):
    """A type of whole numbers in Sparkplug."""

    name: str
    bits: int
    signed: bool


INTEGER_TYPES = (
    *(IntegerType(f"Int{bits}", bits, True) for bits in (8, 16, 32, 64)),
    *(IntegerType(f"UInt{bits}", bits, False) for bits in (8, 16, 32, 64)),
    IntegerType("DateTime", 64, False),
)


def as_decoded(contract: Contract) -> Contract:
    """Return the contract of what workers decode: learned fields may be missing, and open numbers are handed on."""
    if contract.dictionary is None:
        return contract
    learned = {name: contract.fields[name].model_copy(update={"required": False}) for name in contract.dictionary.gives}
    open_ = {}
    if contract.learned_type:
        open_ = {name: FieldSpec(path=(name,), type="long") for name in (BITS, WIDTH)}
    if contract.dictionary.sessions:
        place = contract.dictionary.sessions.model_dump(by_alias=True, exclude_unset=True)
        open_[MQTT] = FieldSpec.model_validate({**place, "type": "string"})
    return contract.model_copy(update={"fields": {**contract.fields, **learned, **open_}})


def unnamed(contract: Contract, columns: Mapping[str, pa.Array]) -> dict[int, Fault]:
    """Return the fault of each row that has neither the key nor an id, by which its name could be learned."""
    if contract.dictionary is None:
        return {}
    without = pc.is_null(columns[contract.key])
    has_id = pc.is_valid(columns[contract.dictionary.by[0]])
    for name in contract.dictionary.by[1:]:
        has_id = pc.and_(has_id, pc.is_valid(columns[name]))
    what = f"{contract.key}: required, but the row has none, and no {' and '.join(contract.dictionary.by)}"
    fault = Fault(Code.MISSING_FIELD, what)
    return dict.fromkeys(pc.indices_nonzero(pc.and_not(without, has_id)).to_pylist(), fault)


def typed(bits: int, width: int, datatype: str) -> int | None:
    """Return a whole number by its type; None if it does not fit. bits, width: see BITS."""
    kind = next((each for each in INTEGER_TYPES if each.name == datatype), None)
    if kind is None:
        return None
    if not kind.signed:
        return bits if bits >= 0 and (kind.bits == 64 or bits < 1 << kind.bits) else None
    if kind.bits == 64:
        return bits if width == 64 or bits < 1 << 31 else None
    half = 1 << (kind.bits - 1)
    if -half <= bits < half:
        return bits
    for modulus in ((1 << 32,) if width == 32 else ()) + (1 << kind.bits,):
        if modulus - half <= bits < modulus:
            return bits - modulus
    return None


class Names:
    """What rows have told so far: the names, types and the like of ids. `resolve` takes the rows in their order."""

    def __init__(self, contract: Contract) -> None:
        """Know nothing. The contract has a dictionary."""
        self._contract = contract
        self._gives = contract.dictionary.gives if contract.dictionary else ()
        self._by = contract.dictionary.by if contract.dictionary else ()
        self._seen: dict[tuple[Any, ...], Row] = {}

    def resolve(self, row: Row, partition: int | str, *, refused: bool = False) -> Row | Fault:
        """Return the row with what is known of its id, or why that is not enough; learn from it first.

        refused: whether the row is refused as a reading; it is learned from all the same.
        """
        key = self._contract.key
        id_ = tuple(row[name] for name in self._by)
        place = (*id_, row[key] if None in id_ else None)
        known = self._seen.setdefault(place, {})
        if (name := row[key]) is not None:
            known |= {key: name, "partition": partition}
            known |= {given: (row[given], name) for given in self._others if row[given] is not None}
        if refused:
            return row
        if key not in known:
            return Fault(Code.UNKNOWN_ALIAS, f"no name has been seen for {self._shown(row)}")
        if name is None and known["partition"] != partition:
            what = f"the name of {self._shown(row)} came in partition {known['partition']}"
            return Fault(Code.OTHER_PARTITION, f"{what}, so its order to this reading is open")
        resolved = {**row, key: known[key]}
        for given in self._others:
            value, of = known.get(given, (None, None))
            if row[given] is None and of == known[key]:
                resolved[given] = value
        return self._with_type(resolved) if self._contract.learned_type else resolved

    @property
    def _others(self) -> list[str]:
        return [name for name in self._gives if name != self._contract.key]

    def _shown(self, row: Row) -> str:
        return ", ".join(f"{name} {row[name]}" for name in self._by)

    def _with_type(self, row: Row) -> Row | Fault:
        bits, width, datatype = row.pop(BITS), row.pop(WIDTH), row[self._contract.learned_type or ""]
        if bits is None:
            return row
        tag = row[self._contract.key]
        if datatype is None or datatype == "Unknown":
            return Fault(Code.UNKNOWN_DATATYPE, f"{tag}: no type has been seen for the whole number {bits}")
        value = typed(bits, width, datatype)
        if value is None:
            return Fault(Code.WRONG_TYPE, f"{tag}: {bits} is not in the range of {datatype}")
        columns = {name: self._contract.fields[name].type for name in self._contract.typed_columns}
        if "double" in columns.values() and abs(value) > EXACT:
            return Fault(Code.INTEGER_TOO_LARGE, f"{tag}: a double cannot hold {value} exactly (over 2^53)")
        return {**row, **{name: float(value) if kind == "double" else value for name, kind in columns.items()}}
