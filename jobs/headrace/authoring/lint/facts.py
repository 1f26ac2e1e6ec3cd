"""Facts about columns and relations that hold for every row and can be derived from the files alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from sqlfluff.core.parser import BaseSegment

NONE: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Column:
    """Facts about a column's values; by default none are known.

    `unit`: the unit of its values. `rowtime`: a watermark follows it. `measured`: the inputs whose measurements it is
    computed from without regard to their quality. `quality`: the inputs whose quality it holds. `volatile`: the name
    of a function in it that returns a new value on each call. `whole`: its values are whole numbers. `fraction`: its
    values are of a type with fractions. `quotients`: the quotients of whole numbers that it is computed from. `token`:
    a source makes its values of secret ones.
    """

    unit: str | None = None
    rowtime: bool = False
    measured: frozenset[str] = NONE
    quality: frozenset[str] = NONE
    volatile: str | None = None
    whole: bool = False
    fraction: bool = False
    quotients: tuple[BaseSegment, ...] = ()
    token: bool = False


@dataclass(frozen=True)
class Relation:
    """A table, a view, a CTE or a subquery. `columns` is None if they are unknown.

    `streams`: the unbounded inputs that it reads, none if it is bounded. `spelled`: its author wrote each column's
    name. `sifted`: the inputs whose measurements decide which rows it has, without regard to their quality.
    """

    columns: Mapping[str, Column] | None = None
    streams: frozenset[str] = NONE
    spelled: bool = False
    sifted: frozenset[str] = NONE

    def column(self, name: str) -> Column | None:
        """Return the column, or None if it has no such column. A column of an unknown relation is an unknown column."""
        return Column() if self.columns is None else self.columns.get(name)

    def with_columns(self, names: list[str]) -> Relation:
        """Return the relation with these column names instead of its own, as in `AS t (a, b)`."""
        if not names:
            return self
        own = list(self.columns.values()) if self.columns is not None else []
        padded = own + [Column()] * len(names)
        return replace(self, columns=dict(zip(names, padded, strict=False)), spelled=True)


def either(relations: Iterable[Relation]) -> Relation:
    """Return the union of the relations: columns are matched by position and take the first relation's names."""
    first, *rest = relations
    for other in rest:
        columns = None
        if first.columns is not None and other.columns is not None:
            pairs = zip(first.columns.items(), other.columns.values(), strict=False)
            columns = {name: _either(a, b) for (name, a), b in pairs}
        first = Relation(
            columns,
            first.streams | other.streams,
            first.spelled and other.spelled,
            first.sifted | other.sifted,
        )
    return first


def _either(a: Column, b: Column) -> Column:
    return Column(
        a.unit if a.unit == b.unit else None,
        a.rowtime and b.rowtime,
        a.measured | b.measured,
        a.quality | b.quality,
        a.volatile or b.volatile,
        a.whole and b.whole,
        a.fraction or b.fraction,
        (*a.quotients, *b.quotients),
    )


@dataclass(frozen=True)
class Scope:
    """The relations that names in a select can refer to, by alias; those of the enclosing select come after its own."""

    relations: Mapping[str, Relation] = field(default_factory=dict)
    outer: Scope | None = None

    def column(self, path: tuple[str, ...]) -> Column:
        """Return the column that a reference names; an unknown column for a field of a row or an unresolved name."""
        first, *rest = path
        if relation := self.relations.get(first):
            return (relation.column(rest[0]) or Column()) if len(rest) == 1 else Column()
        match = next((c for r in self.relations.values() if (c := r.column(first)) is not None), None)
        if match is None:
            return self.outer.column(path) if self.outer else Column()
        return Column() if rest else match

    def side(self, path: tuple[str, ...]) -> str | None:
        """Return the alias of the relation that a reference belongs to, or None if that is ambiguous."""
        if path[0] in self.relations:
            return path[0]
        having = [alias for alias, r in self.relations.items() if r.columns is None or path[0] in r.columns]
        return having[0] if len(having) == 1 else None
