"""What a contract reads of a document, as a tree of keys: parsers that choose need to know it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from headrace_udfs.contract import Contract
from headrace_udfs.contract_time import TimeSpec
from headrace_udfs.formats.documents import ITEMS, MEMBERS, Wanted
from headrace_udfs.paths import BUT, EACH, EVERY, INDEX, MEMBER, Path, whole
from headrace_udfs.places import places


def wanted(contract: Contract, columns: Collection[str] | None = None) -> Wanted:
    """Return the keys that the contract reads of a document of its format, from the outermost.

    columns: what is read for these columns alone; None for all.
    """
    tree: dict[str, Any] = {}
    rows = contract.rows or ()
    paths = list(_paths(contract, contract.sources if columns is None else columns))
    for path in [*paths, ()] if columns is None else paths:
        for keys in _alternatives(whole(rows, path)):
            below = tree
            for key in keys:
                below = below.setdefault(key, {})
    return tree


def _paths(contract: Contract, columns: Collection[str]) -> Iterator[Path]:
    """Yield the paths, in the rows, that columns are read from."""
    for source in map(contract.sources.__getitem__, columns):
        parts = places(source)
        if isinstance(source, TimeSpec) and source.nanos:
            parts += source.nanos.join or [source.nanos]
        yield from (place.path for place in parts if place.path is not None and place.from_ is None)


def _alternatives(steps: Iterable[Any]) -> list[tuple[str, ...]]:
    """Return the keys that the steps stand for: a step of several names leads to each of them."""
    found: list[tuple[str, ...]] = [()]
    for step in steps:
        names = step if isinstance(step, tuple) and step[0] != BUT else (_key(step),)
        found = [(*keys, name) for keys in found for name in names]
    return found


def _key(step: Any) -> str:
    if isinstance(step, int) or step in (EACH, INDEX):
        return ITEMS
    return MEMBERS if isinstance(step, tuple) or step in (EVERY, MEMBER) else str(step)
