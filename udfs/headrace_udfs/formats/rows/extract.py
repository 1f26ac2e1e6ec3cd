"""From rows to the columns of a contract."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from headrace_udfs.arrays import spread
from headrace_udfs.contract import Contract
from headrace_udfs.contract_parts import FieldSpec, QualitySpec
from headrace_udfs.contract_time import TimeSpec
from headrace_udfs.faults import Code, Fault, shown
from headrace_udfs.formats.base import Decoded
from headrace_udfs.formats.rows import statuses, unmet
from headrace_udfs.formats.rows.around import Around
from headrace_udfs.formats.rows.batch import Batch, Taken
from headrace_udfs.formats.rows.convert import Converted, Target, convert
from headrace_udfs.formats.rows.instants import Instants
from headrace_udfs.formats.rows.spoilt import faults_in
from headrace_udfs.formats.rows.walk import Rows
from headrace_udfs.paths import outs
from headrace_udfs.places import Source, described, is_around, places, same


class Extractor:
    """Reads columns of one contract from rows."""

    def __init__(
        self, contract: Contract, names: Collection[str], untyped: bool = False, overflows: bool = False
    ) -> None:
        """Take the columns to be read. untyped, overflows: see Texts."""
        sources = contract.sources
        self._many = contract.many
        own = [p.path for name in names for p in places(sources[name]) if p.path is not None and p.from_ is None]
        inner = [path for path in own if not outs(path)]
        self._of_keys = bool(inner) and all(path and isinstance(path[0], str) for path in inner)
        self._taken = Taken(sources.values())
        self._unions = [each for each in unmet.unions(contract) if each.field in names]
        self._columns: dict[str, _Column] = {
            name: _column(name, source, contract, Texts(untyped, overflows))
            for name, source in sources.items()
            if name in names
        }

    def read(self, rows: Rows, around: Around, spoilt: Mapping[int, Fault] | None = None) -> Decoded:
        """Return the columns of all rows, null where they cannot be read, and the fault of each row that has one.

        spoilt: faults within rows, which refuse them, by the position among those that can be read.
        """
        batch = Batch(rows, around, self._taken)
        found = {name: column.read(batch) for name, column in self._columns.items()}
        faults = dict(rows.faults)
        at = rows.at.tolist()
        if self._of_keys:
            faults |= {
                at[i]: _no_object(each) for i, each in enumerate(rows.level(0).elements) if type(each) is not dict
            }
        for i, fault in (spoilt or {}).items():
            faults[at[i]] = self._named(fault, batch, i)
        for _, column_faults in found.values():
            for i, fault in column_faults.items():
                faults.setdefault(at[i], fault)
        for union in self._unions:
            for i, fault in unmet.faults(union, rows.level(0).elements):
                faults.setdefault(at[i], fault)
        columns = {name: array for name, (array, _) in found.items()}
        if len(rows) < len(rows.owner):
            columns = {name: spread(array, rows.at, len(rows.owner)) for name, array in columns.items()}
        return Decoded(columns, faults, rows.owner if self._many else None)

    def named(self, outside: Mapping[int, Fault], rows: Rows, around: Around) -> dict[int, Fault]:
        """Return faults outside the rows of documents, by document, each with the column that reads it."""
        batch = Batch(rows, around, self._taken)
        depth = len(rows.levels) - 1
        documents = rows.spread(rows.level(depth).names, depth)
        first = {document: i for i, document in reversed([*enumerate(documents)])}
        return {
            document: self._named(fault, batch, first[document]) if document in first else _unread(fault)
            for document, fault in outside.items()
        }

    def _named(self, fault: Fault, batch: Batch, row: int) -> Fault:
        """Return a fault with the name of the column that reads it, or a later one, in a row; not if it is the row."""
        element = batch.row(row)
        if isinstance(element, Fault):
            return element
        values = {name: column.values(batch)[row] for name, column in self._columns.items()}
        for name, value in values.items():
            for inner in faults_in(value) if value is not element else ():
                if inner.code in SPOILING:
                    return Fault(inner.code, f"{name}: {inner.message}")
        return _unread(fault)


SPOILING = (Code.NAN, Code.INFINITY, Code.DUPLICATE_KEY, Code.NESTED_TOO_DEEP, Code.INTEGER_TOO_LARGE)
"""Codes of faults that a document can have in place of a value."""


def _no_object(row: Any) -> Fault:
    return Fault(Code.NOT_AN_OBJECT, f"expected an object, found {shown(row)}")


def _unread(fault: Fault) -> Fault:
    return Fault(fault.code, f"outside the contract's fields: {fault.message}")


class _Column:
    """One column: its source, and the conversion of what stands there."""

    def __init__(self, source: Source, convert_: Instants | Target | QualitySpec, where: str, from_text: bool) -> None:
        self._source, self._convert, self._where, self._from_text = source, convert_, where, from_text

    def values(self, batch: Batch) -> list[Any]:
        """Return, per row, what stands in the column's place."""
        return batch.first(self._source)

    def read(self, batch: Batch) -> Converted:
        """Return the column's values and faults."""
        values = self.values(batch)
        if isinstance(self._convert, Target):
            return convert(self._convert, values, self._where)
        if isinstance(self._convert, QualitySpec):
            return statuses.convert(self._convert, values, self._from_text)
        nanos = self._source.nanos if isinstance(self._source, TimeSpec) else None
        return self._convert.convert(values, batch.part(nanos) if nanos else None)


class Texts(NamedTuple):
    """Facts of a format. untyped: all values are texts. overflows: infinity is a number that was too large."""

    untyped: bool
    overflows: bool


def _column(name: str, source: Source, contract: Contract, facts: Texts) -> _Column:
    read = places(source)
    from_text = facts.untyped or any(place.from_ in _TEXTS and place.path is None for place in read)
    where = f"'{described(source)}'" if source.is_path else described(source)
    if isinstance(source, TimeSpec):
        return _Column(source, Instants(source, where, from_text), where, from_text)
    if isinstance(source, QualitySpec):
        return _Column(source, source, where, from_text)
    field = contract.fields[name]
    kinds = (*field.taken, *(("number",) if any(place.from_ == "index" for place in read) else ()))
    where = f"the payload has no {where}" if source.is_path else f"there is no {where}"
    others = _others(name, source, contract.sources)
    before = _before(name, field, contract, from_text)
    target = Target(name, field.type, field.required, kinds, others, field.decimal, from_text, facts.overflows, before)
    return _Column(source, target, where, from_text)


def _before(name: str, field: FieldSpec, contract: Contract, from_text: bool) -> tuple[Target, ...]:
    """Return the columns of other types that take texts before a column of strings does, in its place."""
    if field.type != "string":
        return ()
    return tuple(
        Target(other, found.type, taken=found.taken, decimal=found.decimal)
        for other, found in contract.fields.items()
        if found.type in ("double", "long", "boolean")
        and (from_text or "string" in found.taken)
        and same(contract.sources[other], contract.sources[name])
    )


def payload_columns(contract: Contract) -> list[str]:
    """Return the columns that read a message's value; the others read only what stands around it."""
    return [name for name, source in contract.sources.items() if not is_around(source)]


_TEXTS = ("member", "key", "header", "topic")


def _others(name: str, source: Source, sources: Mapping[str, Source]) -> set[str]:
    """Return the types that other columns take from the same place."""
    others: set[str] = {
        kind
        for other_name, other in sources.items()
        if other_name != name and isinstance(other, FieldSpec) and same(other, source)
        for kind in other.taken
    }
    taken = Taken(sources.values())
    if source.is_path and source.path is not None and taken.below(source.path):
        others.add("object")
    shared = [other for other in sources.values() if isinstance(other, QualitySpec) and same(other, source)]
    return others | ({"object"} if any(s.mapping == "pi" for s in shared) else {"string"} if shared else set())
