"""Avro with schemas of a registry: one binary record, and which schema it was written with (`registry_frame.py`)."""

from __future__ import annotations

from io import BytesIO
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from fastavro import schemaless_reader

from headrace_udfs.arrays import Positions, spread
from headrace_udfs.contract import Contract
from headrace_udfs.faults import Code, Fault, Refused, readable
from headrace_udfs.formats.avro_columns import Column, Target
from headrace_udfs.formats.avro_schema import AvroSchema, Unfit
from headrace_udfs.formats.base import Decoded, Payloads, too_large
from headrace_udfs.formats.json_leaves import leaves
from headrace_udfs.formats.registry_frame import Frame, frame, schema_id
from headrace_udfs.messages import Messages
from headrace_udfs.schemas import Schemas, UnknownSchema
from headrace_udfs.types import TS


class _Shape(NamedTuple):
    """How records of one schema are decoded: the schema, and one Column per column of the contract."""

    schema: AvroSchema
    columns: list[Column]


class AvroFormat:
    """One record per payload, which is one reading. Shapes are cached by schema id, whose schema never changes."""

    def __init__(self, contract: Contract, schemas: Schemas | None) -> None:
        """Prepare to decode payloads of `contract`. Raises ValueError without `schemas`."""
        if schemas is None:
            raise ValueError("the format avro needs schemas, but no schema registry is set")
        self._schemas = schemas
        self._max_bytes = contract.max_bytes
        self._targets = [Target(leaf, contract.time.unit if leaf.column == TS else None) for leaf in leaves(contract)]
        self._shapes: dict[bytes, _Shape | Fault] = {}

    def decode(self, messages: Messages) -> Decoded:
        """See Format. Raises RegistryFailed if the registry cannot return a schema."""
        payloads = list(messages.values)
        faults: dict[int, Fault] = {}
        by_frame: dict[Frame, list[int]] = {}
        headers = messages.headers or [()] * len(payloads)
        for i, payload in enumerate(payloads):
            if payload is None:
                faults[i] = Fault(Code.NULL_PAYLOAD, "the message has no value")
            elif len(payload) > self._max_bytes:
                faults[i] = too_large(self._max_bytes)
            elif not payload:
                faults[i] = Fault(Code.EMPTY_PAYLOAD, "0 bytes")
            else:
                by_frame.setdefault(frame(payload, headers[i]), []).append(i)
        arrays = [[pa.nulls(0, target.array)] for target in self._targets]
        where = [np.array([], np.int64)]
        for (head, start), at in by_frame.items():
            shape = self._shape(head)
            if isinstance(shape, Fault):
                faults |= dict.fromkeys(at, shape)
                continue
            values, positions = _read(shape, start, at, payloads, faults)
            where.append(positions)
            for pieces, array in zip(arrays, values, strict=True):
                pieces.append(array)
        columns = [pa.concat_arrays(pieces) for pieces in arrays]
        taken = np.concatenate(where)
        if not np.array_equal(taken, np.arange(len(payloads))):
            columns = [spread(array, taken, len(payloads)) for array in columns]
        names = [target.leaf.column for target in self._targets]
        return Decoded(dict(zip(names, columns, strict=True)), faults)

    def _shape(self, head: bytes) -> _Shape | Fault:
        """Return how to decode payloads whose head is `head`, or why that is impossible. Raises RegistryFailed."""
        if head in self._shapes:
            return self._shapes[head]
        number = schema_id(head)
        if isinstance(number, Fault):
            return number
        try:
            schema = self._schemas.schema(number)
        except UnknownSchema as error:
            # Not cached: the schema may be registered later.
            return Fault(Code.UNKNOWN_SCHEMA, readable(str(error)))
        try:
            parsed = AvroSchema(schema)
            shape = _Shape(parsed, [Column(target, parsed) for target in self._targets])
        except Unfit as error:
            self._shapes[head] = Fault(Code.SCHEMA_UNFIT, readable(f"schema {number}: {error}"))
            return self._shapes[head]
        self._shapes[head] = shape
        return shape


def _read(
    shape: _Shape, start: int, at: list[int], payloads: Payloads, faults: dict[int, Fault]
) -> tuple[list[pa.Array], Positions]:
    """Return the columns of the good payloads among those at positions `at`, and the positions of the good ones.

    start: where the record begins in each of them. Adds the faults of the other payloads to `faults`.
    """
    records, good = [], []
    for i in at:
        payload = payloads[i]
        stream = BytesIO(payload)  # type: ignore[arg-type]  # None is a fault already
        stream.seek(start)
        try:
            if shape.schema.unsafe:
                shape.schema.check(payload, start)  # type: ignore[arg-type]
            record = schemaless_reader(stream, shape.schema.readable, None)
        except Refused as error:
            faults[i] = error.fault
            continue
        except Exception as error:  # of any type: the cause is always the bytes
            faults[i] = Fault(Code.NOT_AVRO, readable(f"not a record of its schema: {type(error).__name__}: {error}"))
            continue
        if rest := len(payload) - stream.tell():  # type: ignore[arg-type]
            faults[i] = Fault(Code.NOT_AVRO, f"{rest:,} bytes follow the record")
            continue
        records.append(record)
        good.append(i)
    arrays = []
    refused: dict[int, Fault] = {}
    for column in shape.columns:
        array, column_faults = column.read(records)
        arrays.append(array)
        refused = column_faults | refused  # the first column's fault counts
    if refused:
        faults |= {good[i]: fault for i, fault in refused.items()}
        kept = [i for i in range(len(good)) if i not in refused]
        return [array.take(pa.array(kept, pa.int64())) for array in arrays], np.array(good, np.int64)[kept]
    return arrays, np.array(good, np.int64)
