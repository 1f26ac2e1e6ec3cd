"""Messages of change streams: each is read as the row after a change, as the key of a deleted row, or as neither."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace_udfs import change_contracts, source_order
from headrace_udfs.change_contracts import order_columns
from headrace_udfs.contract import Contract
from headrace_udfs.contract_changes import DELETE, DELETED, OPERATION, ORDER
from headrace_udfs.faults import Code, Fault
from headrace_udfs.formats import json_bulk
from headrace_udfs.formats.base import Decoded
from headrace_udfs.formats.change_kinds import TOMBSTONE, operation, unwrapped
from headrace_udfs.formats.document_format import DocumentFormat, JsonParser, Parsed
from headrace_udfs.formats.parsers import ContractParser
from headrace_udfs.formats.rows.extract import payload_columns
from headrace_udfs.messages import Messages
from headrace_udfs.paths import shown
from headrace_udfs.schemas import Schemas
from headrace_udfs.types import ARROW, TS

_UNAVAILABLE = "__debezium_unavailable_value"

Columns = dict[str, pa.Array]
Faults = dict[int, Fault]


class ChangesFormat:
    """Decodes the changes of one contract, in any format that makes one document of a message."""

    def __init__(self, contract: Contract, schemas: Schemas | None = None) -> None:
        """Prepare to decode. Raises ValueError as a Format does."""
        assert contract.changes  # noqa: S101 - narrows the type: only such contracts are opened with it
        self._changes = contract.changes
        messages = change_contracts.of_messages(contract)
        bulk = json_bulk.documents if contract.format == "json" else None
        self._parser = DocumentFormat(messages, ContractParser(messages, schemas), bulk)
        self._rows = _reader(change_contracts.of_rows(contract))
        self._deletions = _reader(change_contracts.of_deletions(contract))
        self._marks = _reader(change_contracts.of_marks(contract)) if self._changes.deleted else None
        self._columns = payload_columns(contract)
        self._texts = [n for n in self._columns if n in contract.fields and contract.fields[n].type == "string"]
        # A message without a value is a deletion where nothing else is, and where its key tells which row it was.
        self._tombstones_delete = (
            self._changes.envelope == "rows"
            and not (self._changes.order or self._changes.deleted)
            and not set(contract.keys) & set(self._columns)
        )

    def decode(self, messages: Messages) -> Decoded:
        """See Format. A message without a row has a fault whose code is one of MARKERS."""
        parsed, faults = self._parser.parsed(messages), Faults()
        operations = self._operations(parsed, messages, faults)
        deleted = [i for i, each in enumerate(operations) if each == DELETE]
        changed = [i for i, each in enumerate(operations) if each not in (DELETE, None)]
        parts = [
            self._read(self._rows, parsed, changed, messages, faults),
            self._read(self._deletions, parsed, deleted, messages, faults),
        ]
        names = [*self._columns, *order_columns(self._changes)]
        columns = _joined(names, parts, [changed, deleted], len(messages))
        if self._tombstones_delete:
            _take_times(columns, messages, faults)
        order = [columns.pop(name) for name in order_columns(self._changes)]
        columns[ORDER] = self._order(order, operations, faults)
        self._refuse_placeholders(columns, faults)
        return Decoded({**columns, OPERATION: pa.array(operations, pa.string())}, faults)

    def _operations(self, parsed: Parsed, messages: Messages, faults: Faults) -> list[str | None]:
        """Return the operation of each message, and set why it has none; take off what is around the documents."""
        documents = parsed.documents
        found: list[str | None] = []
        for i, value in enumerate(messages.values):
            documents[i] = None if value is None else unwrapped(documents[i])
            kind = operation(self._changes, documents[i])
            if kind is TOMBSTONE and self._tombstones_delete:
                kind, documents[i] = DELETE, {}
            found.append(None if isinstance(kind, Fault) else kind)
            if isinstance(kind, Fault):
                faults[i] = kind
        if self._marks and self._changes.deleted:
            rows = [i for i, each in enumerate(found) if each]
            marks = self._read(self._marks, parsed, rows, messages, faults)[DELETED]
            for at in pc.indices_nonzero(pc.is_in(marks, pa.array(self._changes.deleted.values))).to_pylist():
                found[rows[at]] = DELETE
        return found

    @staticmethod
    def _read(reader: DocumentFormat, parsed: Parsed, at: list[int], messages: Messages, faults: Faults) -> Columns:
        """Return the columns of some messages, and set their faults."""
        documents, spoilt = [parsed.documents[i] for i in at], {n for n, i in enumerate(at) if i in parsed.spoilt}
        positions = np.array(at, np.int64)
        read = reader.read(Parsed(documents, np.arange(len(at)), spoilt), messages.take(positions))
        for n, fault in read.faults.items():
            faults.setdefault(at[n], fault)
        return dict(read.columns)

    def _order(self, parts: Sequence[pa.Array], operations: Sequence[str | None], faults: Faults) -> pa.Array:
        """Return the column of the order, and set the faults of changes that have none."""
        if not parts:
            return pa.nulls(len(operations), pa.string())
        texts = source_order.texts(parts)
        places = ", ".join(map(shown, self._changes.order))
        for i in pc.indices_nonzero(pc.is_null(texts)).to_pylist():
            if operations[i]:
                faults.setdefault(i, Fault(Code.MISSING_FIELD, f"{ORDER}: the change has no position at {places}"))
        return texts

    def _refuse_placeholders(self, columns: Columns, faults: Faults) -> None:
        if self._changes.envelope != "debezium":
            return
        for name in self._texts:
            for i in pc.indices_nonzero(pc.equal(columns[name], _UNAVAILABLE).fill_null(False)).to_pylist():
                what = f"{name}: the change does not have the value; set REPLICA IDENTITY FULL on its table"
                faults.setdefault(i, Fault(Code.VALUE_UNAVAILABLE, what))


def _reader(contract: Contract) -> DocumentFormat:
    """Return what reads documents that are parsed already."""
    return DocumentFormat(contract, JsonParser())


def _joined(names: Sequence[str], parts: Sequence[Columns], at: Sequence[Sequence[int]], rows: int) -> Columns:
    """Return the columns of all messages: those of each part at its positions, null elsewhere."""
    source = np.full(rows, -1, np.int64)
    for start, positions in zip(np.cumsum([0, *map(len, at)]), at, strict=False):
        source[list(positions)] = start + np.arange(len(positions))
    taken = pa.array(source, mask=source < 0)

    def joined(name: str) -> pa.Array:
        kind = parts[0][name].type
        pieces = [part.get(name, pa.nulls(len(where), kind)) for part, where in zip(parts, at, strict=True)]
        return pa.concat_arrays(pieces).take(taken)

    return {name: joined(name) for name in names}


def _take_times(columns: Columns, messages: Messages, faults: Faults) -> None:
    """Give deletions without a value the time of their records."""
    if TS not in columns or messages.times is None:
        return
    micros = columns[TS].cast(pa.int64()).to_numpy(zero_copy_only=False).astype(np.float64)
    without = np.array([value is None for value in messages.values], bool)
    known = np.where(without, messages.times * 1000, np.nan_to_num(micros)).astype(np.int64)
    columns[TS] = pa.array(known, mask=np.isnan(micros) & ~without).view(ARROW["timestamp"])
    for i in np.flatnonzero(without).tolist():
        if i in faults and faults[i].code == Code.TIME_MISSING:
            del faults[i]
