"""The differences between two versions of a file's model or an operator's traits, as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, RootModel

from headrace_udfs.durations import duration

_ONE_OF = {
    "fields": "field",
    "columns": "column",
    "params": "param",
    "properties": "property",
    "writes": "sink",
    "vars": "var",
    "aggregates": "aggregate",
    "conditions": "condition",
}


@dataclass(frozen=True)
class Change:
    """`what` of `part` had the value `was` and has the value `now`; None is an absent value.

    If both are None, `what` is the whole text.
    """

    part: str
    what: str
    was: str | None = None
    now: str | None = None

    def __str__(self) -> str:
        if self.was is None and self.now is None:
            return self.what
        if self.was is None:
            return f"{self.what} added: {self.now}"
        if self.now is None:
            return f"{self.what} removed: {self.was}"
        return f"{self.what}: {self.was} → {self.now}"


class _Plain(dict[str, Any]):
    """What `plain` returns. by_default: the keys whose value the file leaves out."""

    by_default: frozenset[str] = frozenset()


def plain(model: BaseModel) -> dict[str, Any]:
    """Convert a file's model to mappings, lists of texts, and texts as the file has them."""
    written = {name: field.alias or name for name, field in type(model).model_fields.items()}
    converted = _Plain({written.get(name, name): _plain(value) for name, value in model})
    converted.by_default = frozenset(converted.keys() - {written.get(name, name) for name in model.model_fields_set})
    return converted


def changes(part: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Change]:
    """Yield the differences between two results of `plain`, in the order of `now`, with removed keys at the end."""
    return _mappings(part, "", was, now)


def _mappings(part: str, above: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Change]:
    for key in dict.fromkeys([*now, *was]):
        old, new = was.get(key), now.get(key)
        # 100 and 100.0 are equal in Python, but not in SQL.
        if repr(old) == repr(new):
            continue
        name = f"{above}{key}"
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            each = _ONE_OF.get(key) if not above else None
            yield from _mappings(part, f"{each} " if each else f"{name}, ", old, new)
            if each == "column":
                yield from _reordered(part, key, list(old), list(new))
        elif isinstance(old, list) and isinstance(new, list):
            each = _ONE_OF.get(key, name)
            yield from (Change(part, each, None, item) for item in new if item not in old)
            yield from (Change(part, each, item, None) for item in old if item not in new)
            yield from _reordered(part, name, old, new)
        elif type(old) is type(new) or old is None or new is None:
            yield Change(part, name, _text(old), _text(new))
        else:
            yield Change(part, name, repr(old), repr(new))


def _reordered(part: str, name: str, was: list[str], now: list[str]) -> Iterator[Change]:
    if [each for each in was if each in now] != [each for each in now if each in was]:
        yield Change(part, f"order of {name}", ", ".join(was), ", ".join(now))


def _text(value: Any) -> str | None:
    """Return a value as text; None if it is not set."""
    if isinstance(value, Mapping):
        unsaid = value.by_default if isinstance(value, _Plain) else ()
        shown = {key: each for key, each in value.items() if key not in unsaid and each not in (None, False, [], {})}
        return ", ".join(key if inner is True else f"{key} {_text(inner)}" for key, inner in shown.items())
    if isinstance(value, list):
        return ", ".join(map(str, value)) or None
    if isinstance(value, bool):
        return "yes" if value else "no"
    return None if value is None else str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel) and not isinstance(value, RootModel):
        return plain(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, timedelta):
        return duration(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        path = all(isinstance(each, str) for each in value)
        return ".".join(value) if path else " to ".join("open" if each is None else str(each) for each in value)
    if isinstance(value, list):
        return [str(each) for each in value]
    return value if value is None or isinstance(value, bool | int | float) else str(value)
