"""Avro as registries frame it: a zero, four bytes of the schema's id, and one record in Avro's binary form."""

from __future__ import annotations

from io import BytesIO
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from fastavro import schemaless_reader

from headrace_udfs.arrays import Positions, spread
from headrace_udfs.contract import Contract
from headrace_udfs.faults import Code, Fault, readable
from headrace_udfs.formats.avro_columns import Column, Wanted
from headrace_udfs.formats.avro_schema import AvroSchema, Unfit
from headrace_udfs.formats.base import Decoded, Payloads
from headrace_udfs.formats.json_leaves import leaves
from headrace_udfs.schemas import Schemas, UnknownSchema
from headrace_udfs.types import TS

HEAD = 5
MAX_ID = 2**31 - 1


class _Shape(NamedTuple):
    """How records of one schema are read."""

    readable: Any
    columns: list[Column]


class AvroFormat:
    """A record a payload, one reading a record. Shapes are kept by the id of their schema, which never changes."""

    def __init__(self, contract: Contract, schemas: Schemas | None) -> None:
        if schemas is None:
            raise ValueError("the format avro was given no schema registry")
        self._schemas = schemas
        self._max_bytes = contract.max_bytes
        self._wanted = [Wanted(leaf, contract.time.unit if leaf.column == TS else None) for leaf in leaves(contract)]
        self._shapes: dict[bytes, _Shape | Fault] = {}

    def decode(self, payloads: Payloads) -> Decoded:
        """See Format. Raises RegistryFailed where the registry does not say what the payloads are."""
        faults: dict[int, Fault] = {}
        by_head: dict[bytes, list[int]] = {}
        for i, payload in enumerate(payloads):
            if payload is None:
                faults[i] = Fault(Code.NULL_PAYLOAD, "the message has no value")
            elif len(payload) > self._max_bytes:
                limit = f"at most {self._max_bytes:,} are read"
                faults[i] = Fault(Code.PAYLOAD_TOO_LARGE, f"{len(payload):,} bytes; {limit}")
            else:
                by_head.setdefault(payload[:HEAD], []).append(i)
        arrays = [[pa.nulls(0, wanted.array)] for wanted in self._wanted]
        where = [np.array([], np.int64)]
        for head, at in by_head.items():
            shape = self._shape(head)
            if isinstance(shape, Fault):
                faults |= dict.fromkeys(at, shape)
                continue
            found, positions = _read(shape, at, payloads, faults)
            where.append(positions)
            for made, array in zip(arrays, found, strict=True):
                made.append(array)
        columns = [pa.concat_arrays(made) for made in arrays]
        taken = np.concatenate(where)
        if not np.array_equal(taken, np.arange(len(payloads))):
            columns = [spread(array, taken, len(payloads)) for array in columns]
        return Decoded({w.leaf.column: array for w, array in zip(self._wanted, columns, strict=True)}, faults)

    def _shape(self, head: bytes) -> _Shape | Fault:
        """How to read what begins so, or why that cannot be read."""
        if head in self._shapes:
            return self._shapes[head]
        if not head:
            return Fault(Code.EMPTY_PAYLOAD, "0 bytes")
        if len(head) < HEAD or head[0]:
            found = head.hex(" ")
            return Fault(Code.NO_SCHEMA_ID, f"a zero and four bytes of a schema's id are wanted first, found {found}")
        number = int.from_bytes(head[1:], "big")
        if number > MAX_ID:
            return Fault(Code.UNKNOWN_SCHEMA, f"{number} is no schema's id: the highest is {MAX_ID}")
        try:
            schema = self._schemas.schema(number)
        except UnknownSchema as error:
            # Not kept: it may be registered yet.
            return Fault(Code.UNKNOWN_SCHEMA, readable(str(error)))
        try:
            parsed = AvroSchema(schema)
            shape = _Shape(parsed.readable, [Column(wanted, parsed) for wanted in self._wanted])
        except Unfit as error:
            self._shapes[head] = Fault(Code.SCHEMA_UNFIT, readable(f"schema {number}: {error}"))
            return self._shapes[head]
        self._shapes[head] = shape
        return shape


def _read(
    shape: _Shape, at: list[int], payloads: Payloads, faults: dict[int, Fault]
) -> tuple[list[pa.Array], Positions]:
    """The columns of the good ones among the payloads at these positions, which these are; and faults of the others."""
    records, good = [], []
    for i in at:
        payload = payloads[i]
        stream = BytesIO(payload)  # type: ignore[arg-type]  # None has no head
        stream.seek(HEAD)
        try:
            record = schemaless_reader(stream, shape.readable, None)
        except Exception as error:  # of whatever kind: the bytes are at fault
            faults[i] = Fault(Code.NOT_AVRO, readable(f"no record of its schema: {type(error).__name__}: {error}"))
            continue
        if rest := len(payload) - stream.tell():  # type: ignore[arg-type]
            faults[i] = Fault(Code.NOT_AVRO, f"{rest:,} bytes behind the record")
            continue
        records.append(record)
        good.append(i)
    arrays = []
    refused: dict[int, Fault] = {}
    for column in shape.columns:
        array, found = column.read(records)
        arrays.append(array)
        refused = found | refused
    if refused:
        faults |= {good[i]: fault for i, fault in refused.items()}
        kept = [i for i in range(len(good)) if i not in refused]
        return [array.take(pa.array(kept, pa.int64())) for array in arrays], np.array(good, np.int64)[kept]
    return arrays, np.array(good, np.int64)
