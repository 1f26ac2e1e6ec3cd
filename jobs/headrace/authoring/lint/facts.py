"""What can be told of a column, and of a table of columns, before a single row is there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

NONE: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Column:
    """What is known of a column's values; the default is to know nothing.

    `unit`: what it is measured in. `rowtime`: a watermark follows it. `measured`: the inputs whose measurements it is
    made of, where nothing has weighed them by their quality. `quality`: the inputs whose quality it tells.
    `volatile`: the function in it that gives something else each time it is asked.
    """

    unit: str | None = None
    rowtime: bool = False
    measured: frozenset[str] = NONE
    quality: frozenset[str] = NONE
    volatile: str | None = None


@dataclass(frozen=True)
class Relation:
    """A table, a view, a CTE or a subquery. `columns` is None where they cannot be told.

    `streams`: the endless inputs that it is made from, none where it ends. `spelled`: its author wrote each column's
    name. `sifted`: the inputs whose measurements, whatever their quality, decided which rows there are.
    """

    columns: Mapping[str, Column] | None = None
    streams: frozenset[str] = NONE
    spelled: bool = False
    sifted: frozenset[str] = NONE

    def column(self, name: str) -> Column | None:
        """The column; None where there is none of the name. One of an unknown relation is unknown."""
        return Column() if self.columns is None else self.columns.get(name)

    def with_columns(self, names: list[str]) -> Relation:
        """With these names in place of its own, as `AS t (a, b)` gives them."""
        if not names:
            return self
        own = list(self.columns.values()) if self.columns is not None else []
        padded = own + [Column()] * len(names)
        return replace(self, columns=dict(zip(names, padded, strict=False)), spelled=True)


def either(relations: Iterable[Relation]) -> Relation:
    """The rows of all the relations, one below another: their columns go by place, under the first one's names."""
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
    )


@dataclass(frozen=True)
class Scope:
    """The relations that a select's names can mean, by alias, the columns of an enclosing select after its own."""

    relations: Mapping[str, Relation] = field(default_factory=dict)
    outer: Scope | None = None

    def column(self, path: tuple[str, ...]) -> Column:
        """The column that a reference means; an unknown one for a field of a row, and for what cannot be resolved."""
        first, *rest = path
        if relation := self.relations.get(first):
            return (relation.column(rest[0]) or Column()) if len(rest) == 1 else Column()
        found = next((c for r in self.relations.values() if (c := r.column(first)) is not None), None)
        if found is None:
            return self.outer.column(path) if self.outer else Column()
        return Column() if rest else found

    def side(self, path: tuple[str, ...]) -> str | None:
        """The alias of the relation that a reference is of; None where it cannot be told."""
        if path[0] in self.relations:
            return path[0]
        having = [alias for alias, r in self.relations.items() if r.columns is None or path[0] in r.columns]
        return having[0] if len(having) == 1 else None
