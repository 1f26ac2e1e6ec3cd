"""Avro records as documents: what rows and other places are read from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any

from fastavro import schemaless_reader

from headrace_udfs.contract import Contract
from headrace_udfs.faults import Code, Fault, Refused, readable
from headrace_udfs.formats.avro_schema import AvroSchema, Unfit
from headrace_udfs.formats.documents import ITEMS, MEMBERS, Document, Wanted
from headrace_udfs.formats.registry_frame import frame, schema_id
from headrace_udfs.formats.wanted import wanted
from headrace_udfs.messages import Headers
from headrace_udfs.schemas import Schemas, UnknownSchema
from headrace_udfs.types import TS

_Convert = Callable[[Any], Document]
_EPOCH = datetime(1970, 1, 1)
_PER_SECOND = {"millis": 10**3, "micros": 10**6, "nanos": 10**9}
_UNITS = {"epoch_s": 1, "epoch_ms": 10**3, "epoch_us": 10**6, "epoch_ns": 10**9}
_KINDS = {"boolean": bool, "float": float, "double": float, "bytes": bytes, "fixed": bytes, "string": str, "enum": str}


class AvroParser:
    """Reads records of schemas of a registry, which are cached by their ids."""

    def __init__(self, schemas: Schemas, contract: Contract, tree: Wanted) -> None:
        """Prepare to read what is wanted (`tree`) of messages of a contract."""
        self._schemas, self._tree = schemas, tree
        self._times = wanted(contract, [TS])
        self._unit = contract.time.unit
        self._known: dict[bytes, tuple[AvroSchema, _Convert] | Fault] = {}

    def parse(self, payload: bytes, headers: Headers) -> Document:
        """Return the record as an object.

        A decimal is a Decimal, an enum its symbol. A time with a logical type is a text in ISO 8601, and at the place
        of the contract's time a number in its unit, if that is not iso8601. Raises Refused, and RegistryFailed.
        """
        head, start = frame(payload, headers)
        schema, convert = self._schema(head)
        if schema.unsafe:
            schema.check(payload, start)
        stream = BytesIO(payload)
        stream.seek(start)
        try:
            record = schemaless_reader(stream, schema.readable, None)
        except Exception as error:  # of any type: the cause is always the bytes
            what = f"not a record of its schema: {type(error).__name__}: {error}"
            raise Refused(Code.NOT_AVRO, readable(what)) from None
        if rest := len(payload) - stream.tell():
            raise Refused(Code.NOT_AVRO, f"{rest:,} bytes follow the record")
        return convert(record)

    def _schema(self, head: bytes) -> tuple[AvroSchema, _Convert]:
        found = self._known.get(head)
        if found is None:
            number = schema_id(head)
            if isinstance(number, Fault):
                raise Refused(*number)
            try:
                schema = AvroSchema(self._schemas.schema(number))
                found = schema, _Converter(schema, self._unit).of(schema.root, self._tree, self._times)
            except UnknownSchema as error:
                raise Refused(Code.UNKNOWN_SCHEMA, readable(str(error))) from None
            except Unfit as error:
                found = Fault(Code.SCHEMA_UNFIT, readable(f"schema {number}: {error}"))
            self._known[head] = found
        if isinstance(found, Fault):
            raise Refused(*found)
        return found


class _Converter:
    """Makes functions from records of one schema to documents."""

    def __init__(self, schema: AvroSchema, unit: str | None) -> None:
        self._schema, self._unit = schema, unit

    def of(self, schema: Any, tree: Wanted, times: Wanted | None) -> _Convert:
        """Return what converts values of a schema.

        tree: the keys that are read below. times: those that lead to the contract's time; None if none does.
        """
        by_type: dict[type, _Convert] = {}
        records: list[tuple[frozenset[str], _Convert]] = []
        for branch in self._schema.branches(schema):
            kind = branch["type"]
            if not tree and kind in ("record", "error", "map", "array"):
                continue  # read as a whole
            if kind in ("record", "error"):
                names = frozenset(each["name"] for each in branch["fields"])
                records.append((names, self._record(branch, tree, times)))
            elif kind == "map":
                records.append((frozenset(), self._map(branch, tree, times)))
            elif kind == "array":
                by_type[list] = self._array(branch, tree, times)
            elif convert := self._scalar(branch, times is not None and not times):
                by_type[_KINDS.get(kind, int)] = convert
        if records:
            by_type[dict] = records[0][1] if len(records) == 1 else _one_of(records)
        if not by_type:
            return lambda value: value
        return lambda value: by_type[type(value)](value) if type(value) in by_type else value

    def _record(self, schema: Any, tree: Wanted, times: Wanted | None) -> _Convert:
        fields = {}
        for field in schema["fields"]:
            name = field["name"]
            below = tree.get(name, tree.get(MEMBERS))
            if below is not None:
                fields[name] = self.of(field["type"], below, _below(times, name))
        return lambda record: {name: convert(record[name]) for name, convert in fields.items()}

    def _map(self, schema: Any, tree: Wanted, times: Wanted | None) -> _Convert:
        names = {name for name in tree if name != MEMBERS}
        each = {name: self.of(schema["values"], tree[name], _below(times, name)) for name in names}
        if MEMBERS not in tree:
            return lambda values: {name: each[name](value) for name, value in values.items() if name in each}
        others = self.of(schema["values"], tree[MEMBERS], _below(times, MEMBERS))
        return lambda values: {name: each.get(name, others)(value) for name, value in values.items()}

    def _array(self, schema: Any, tree: Wanted, times: Wanted | None) -> _Convert:
        item = self.of(schema["items"], tree.get(ITEMS, {}), _below(times, ITEMS))
        return lambda values: [item(value) for value in values]

    def _scalar(self, schema: dict[str, Any], is_time: bool) -> _Convert | None:
        logical = str(schema.get("logicalType", ""))
        if logical == "decimal":
            scale = -schema.get("scale", 0)
            return lambda value: Decimal(int.from_bytes(value, "big", signed=True)).scaleb(scale)
        if "timestamp-" not in logical:
            return None
        per_second = _PER_SECOND[logical.rpartition("-")[2]]
        if logical.startswith("local-"):
            return lambda ticks: _text(ticks, per_second).removesuffix("Z")
        if is_time and self._unit in _UNITS:
            return _in_unit(per_second, _UNITS[self._unit])
        return lambda ticks: _text(ticks, per_second)


def _below(times: Wanted | None, key: str) -> Wanted | None:
    return None if times is None else times.get(key)


def _one_of(records: Sequence[tuple[frozenset[str], _Convert]]) -> _Convert:
    """Return what converts values of one of several records, distinguished by their fields."""

    def convert(value: dict[str, Any]) -> Document:
        keys = value.keys()
        return next((each(value) for names, each in records if names == keys), value)

    return convert


def _in_unit(per_second: int, unit: int) -> _Convert:
    if unit >= per_second:
        return lambda ticks: ticks * (unit // per_second)
    if unit >= _UNITS["epoch_us"]:  # a whole number, to the microsecond
        return lambda ticks: ticks // (per_second // unit)
    return lambda ticks: ticks / (per_second // unit)


def _text(ticks: int, per_second: int) -> str:
    """Return ticks since 1970 as ISO 8601; the number where that is not within the years 1 to 9999."""
    seconds, rest = divmod(ticks, per_second)
    try:
        at = _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        return str(ticks)
    return f"{at.isoformat()}.{rest * (10**9 // per_second):09d}Z"
