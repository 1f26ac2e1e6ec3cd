"""Decodes the payloads of a contract by its format, and checks times, ranges and qualities in bulk."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace_udfs import dictionary, quality
from headrace_udfs.arrays import Positions
from headrace_udfs.contract import Contract, FieldSpec, QualitySpec
from headrace_udfs.faults import Code, Fault
from headrace_udfs.formats import opened
from headrace_udfs.formats.around_columns import AroundColumns
from headrace_udfs.formats.base import Decoded
from headrace_udfs.key_ring import KeyRing
from headrace_udfs.masking import Masking, withheld
from headrace_udfs.messages import Messages
from headrace_udfs.schemas import Schemas
from headrace_udfs.times import Micros
from headrace_udfs.told import merged
from headrace_udfs.types import ARROW, QUALITY, TS

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

Faults = Iterator[tuple[int, Fault]]


class Decoder:
    """Decodes and checks the payloads of one contract."""

    def __init__(
        self,
        contract: Contract,
        clock: Callable[[], float] = time.time,
        schemas: Schemas | None = None,
        keys: KeyRing | None = None,
    ) -> None:
        """Choose the decoder of the contract's format.

        clock: returns seconds since 1970, for the latest time that is accepted. schemas: the source of the schemas that
        payloads name. keys: those that the contract's masks need. Raises ValueError if the format needs schemas and has
        none; BadKey.
        """
        telling = contract.telling
        self._telling = Decoder(telling, clock, schemas, keys) if telling else None
        self._contract = contract = dictionary.as_decoded(contract)
        self._format = opened(contract, schemas)
        self._around = AroundColumns(contract)
        self._clock = clock
        self._masking = Masking(contract, (keys or KeyRing({})).open(contract.key_names)) if contract.secrets else None

    def decode(self, messages: Messages) -> Decoded:
        """Return the columns of the contract in its order and types, and the first fault of each reading that has one.

        Secret values are masked, and then no fault quotes a value.
        With a dictionary, learned fields may be null, and more columns follow: see dictionary.as_decoded.

        In a refused reading, `ts` is null or within bounds, and all other values are undefined. Raises RegistryFailed.
        """
        raw = self._format.decode(messages)
        faults = dict(raw.faults)
        given = {**raw.columns, **self._around.read(messages, raw.message, faults)}
        columns: dict[str, pa.Array] = {}

        def refuse(refusals: Faults) -> None:
            for i, fault in refusals:
                faults.setdefault(i, fault)

        columns[TS] = self._time(given[TS], refuse)
        for name, field in self._contract.fields.items():
            columns[name] = self._field(name, field, given[name], refuse)
        columns[QUALITY] = self._quality(given.get(QUALITY), len(columns[TS]), refuse)
        columns |= {name: given[name] for name in self._contract.change_columns}
        refuse(iter(dictionary.unnamed(self._contract, columns).items()))
        if self._masking:
            columns = self._masking.apply(columns, refuse)
        decoded = Decoded({name: columns[name] for name in self._contract.columns}, faults, raw.message)
        if self._telling:
            decoded = merged(decoded, self._telling.decode(messages), self._contract.columns)
        return replace(decoded, faults=withheld(decoded.faults, self._contract))

    def _time(self, values: pa.TimestampArray, refuse: Callable[[Faults], None]) -> pa.Array:
        spec = self._contract.time
        micros = values.cast(pa.int64()).fill_null(0).to_numpy()
        earliest = (spec.earliest - _EPOCH) // _MICROSECOND
        latest = int(self._clock() * 1e6) + spec.latest // _MICROSECOND
        outside = (micros < earliest) | (micros > latest)
        refuse(_out_of_bounds(micros, np.flatnonzero(outside), earliest, latest))
        return pa.array(micros, mask=outside).view(ARROW["timestamp"])

    def _field(self, name: str, field: FieldSpec, values: pa.Array, refuse: Callable[[Faults], None]) -> pa.Array:
        if field.range:
            refuse(_out_of_range(name, field, values))
        return values

    def _quality(self, values: pa.Array | None, rows: int, refuse: Callable[[Faults], None]) -> pa.Array:
        spec = self._contract.quality
        if spec is None or values is None:
            return pa.array(np.zeros(rows, np.int64))
        codes = _status_codes(spec, values)
        unknown = np.flatnonzero(codes == quality.UNKNOWN).tolist()
        refuse((i, _unknown_quality(values[i].as_py(), spec.mapping)) for i in unknown)
        return pa.array(codes)


def _unknown_quality(value: object, mapping: str) -> Fault:
    return Fault(Code.UNKNOWN_QUALITY, f"{QUALITY}: {value!r} is unknown to the mapping '{mapping}'")


def _status_codes(spec: QualitySpec, values: pa.Array) -> quality.Codes:
    missing = quality.status(spec.missing)
    match spec.mapping:
        case "opcua":
            return quality.from_opcua(values, missing)
        case "opcda":
            return quality.from_opcda(values, missing)
        case _:
            return quality.from_words(values, {**quality.WORDS[spec.mapping], **spec.names}, spec.others, missing)


def _out_of_bounds(micros: Micros, outside: Positions, earliest: int, latest: int) -> Faults:
    for i in outside.tolist():
        time_ = f"{TS}: {np.datetime64(int(micros[i]), 'us')}Z"
        if micros[i] < earliest:
            yield i, Fault(Code.TIME_BEFORE_BOUNDS, f"{time_} is before {np.datetime64(earliest, 'us')}Z")
        else:
            yield i, Fault(Code.TIME_AFTER_BOUNDS, f"{time_} is after {np.datetime64(latest, 'us')}Z")


def _out_of_range(name: str, field: FieldSpec, values: pa.Array) -> Faults:
    low, high = field.range or (None, None)
    unit = f" {field.unit}" if field.unit else ""
    sides = (("below", low, pc.less), ("above", high, pc.greater))
    for side, bound, beyond in ((side, bound, beyond) for side, bound, beyond in sides if bound is not None):
        outside = beyond(values, pa.scalar(bound, values.type))
        for i in pc.indices_nonzero(outside.fill_null(False)).to_pylist():
            yield i, Fault(Code.OUT_OF_RANGE, f"{name}: {values[i].as_py()}{unit} is {side} {bound}{unit}")
