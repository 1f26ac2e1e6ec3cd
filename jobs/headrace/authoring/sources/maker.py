"""The keys of a contract, made of what the rows of a sample hold, with the reason for each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from headrace.authoring.sources import guesses, key_names, qualities, tables, times
from headrace.authoring.sources.documents import EXAMPLES, Layout, Seen, inner
from headrace.authoring.sources.tables import Table

Reasons = dict[str, str]
"""Why a key of a contract is as it is, by the key; a field's is `fields.<name>`."""


FEW = 10
"""Records in a sample in which keys of devices need not come again."""


def most(rows: int) -> int:
    """Return how many of the rows must have a value that stands for more than itself, like the time."""
    return rows // 2 + 1


class Maker:
    """Makes the keys of a contract of what the rows of a sample hold.

    keys: those of the records, if all have one that is text. table: what is known of the rows if they are cells.
    """

    def __init__(self, layout: Layout, keys: Sequence[str], format_: str = "json", table: Table | None = None) -> None:
        self._layout, self._has_key, self._format, self._table = layout, bool(keys), format_, table
        # In a larger sample, the key of a device comes again; one that does not is a number of the message.
        self._repeat_keys = self._has_key and (len(keys) <= FEW or 2 * len({*keys}) <= len(keys))
        self._values, self._objects = _apart(layout.values())
        self._rows = len(layout.elements)
        self._most = most(self._rows)
        self._used: set[str] = set()
        self.reasons: Reasons = {}

    def made(self) -> tuple[dict[str, Any], Reasons]:
        """Return the keys and the reasons."""
        keys: dict[str, Any] = {"format": self._format}
        if self._table and self._table.keys:
            keys["csv"], self.reasons["csv"] = self._table.keys, self._table.reason
        if self._layout.rows:
            keys["rows"], self.reasons["rows"] = self._layout.rows, self._why_rows(self._layout.rows)
        time, self.reasons["time"] = times.time(self._values, self._most)
        if self._table:
            time.pop("types", None)  # cells are texts anyway
        self._used.add(time.get("path", ""))
        quality = qualities.quality(self._values, self._most)
        if quality:
            self._used |= {quality[0]["path"], f"{quality[0]['path']}.Code", f"{quality[0]['path']}.Symbol"}
        keys["fields"] = {"tag": self._tag(), **dict(self._measured()), **dict(self._others())}
        if len(keys["fields"]) == 1:
            self.reasons["fields"] = "no measured value was found; add what you need, as docs/payloads.md shows"
        keys["time"] = time
        if quality:
            keys["quality"], self.reasons["quality"] = quality
        if self._objects:
            both = (
                f"{self._objects}: objects in some rows, which are read, and values in others, which are dead letters"
            )
            self.reasons["fields"] = "; ".join(filter(None, (self.reasons.get("fields"), both)))
        reasons = {name: key_names.plain(reason) for name, reason in self.reasons.items()}
        return key_names.written({**keys, "key": "tag"}), reasons

    def _why_rows(self, rows: str) -> str:
        kind = "each element of the array" if rows.endswith("[]") else "each member"
        reason = f"{kind} is a reading: {self._rows:,} in the sample"
        within = inner(self._layout)
        if others := [*self._layout.others, *([within.rows] if within and within.rows else [])]:
            reason += f"; not read: {', '.join(others)}"
        return reason + ("; for a column each, list them as fields instead" if rows.startswith("{") else "")

    def _tag(self) -> dict[str, Any]:
        place, self.reasons["fields.tag"] = self._named()
        around = guesses.around({n: s for n, s in self._values.items() if n not in self._used}, self._most)
        if around and self._layout.rows:
            self._used.add(around)
            self.reasons["fields.tag"] += f", and {around.lstrip('^.')} where"
            place = {"join": [around, place.get("path", place)]}
        elif self._layout.member and self._repeat_keys:
            self.reasons["fields.tag"] += ", and the record's key where"
            place = {"join": [{"from": "key"}, place]}
        return {**place, "type": "string", "required": True}

    def _named(self) -> tuple[dict[str, Any], str]:
        """Return the place of what was measured, and the reason."""
        if self._layout.member:
            return self._layout.member, "the member's name says what was measured"
        inner = {n: s for n, s in self._values.items() if n not in self._used and not n.startswith("^")}
        if path := guesses.tag(inner, self._most):
            self._used.add(path)
            different = len({*self._values[path].examples})
            many = f"{different:,} or more" if len(self._values[path].examples) == EXAMPLES else f"{different:,}"
            return {"path": path}, f"{path} says what was measured: {many} different in the sample"
        near = {n: s for n, s in self._values.items() if n.startswith("^.") and n not in self._used}
        if path := guesses.tag(near, self._most):
            self._used.add(path)
            return {"path": path}, f"{path.lstrip('^.')} around the row says what was measured"
        if self._has_key:
            return {"from": "key"}, "nothing in the message says what was measured, so the record's key does"
        return {"from": "topic"}, "nothing in the message says what was measured, and records have no keys"

    def _measured(self) -> Iterator[tuple[str, dict[str, Any]]]:
        path = guesses.value({n: s for n, s in self._values.items() if n not in self._used}, self._most)
        if path is None:
            return
        self._used.add(path)
        keys, self.reasons["fields.value"], texts = guesses.measured(self._values[path])
        if keys:
            yield "value", {**({} if path == "value" else {"path": path}), **self._of_cells(keys, path, bool(texts))}
        if texts:
            yield "text", {"path": path, "type": "string", **({"types": ["string"]} if keys else {})}
            if keys:
                self.reasons["fields.text"] = f"{path} is also text, like {texts[0]!r}"
        if unit := guesses.unit(self._values, self._most):
            self._used.add(unit)
            yield "unit", {**({} if unit == "unit" else {"path": unit}), "type": "string"}

    def _others(self) -> Iterator[tuple[str, dict[str, Any]]]:
        taken = {"tag", "value", "text", "unit"}
        for path, seen in self._values.items():
            if path in self._used or path == ".":
                continue
            name = column(path, taken)
            for suffix, keys, reason in self._typed(path, seen):
                field = column(name + suffix, taken)
                taken.add(field)
                unit = guesses.unit_of_name(field) if keys["type"] == "double" else None
                reasons = [reason, f"{unit} by the end of its name" if unit else None, qualities.unread(path, seen)]
                self.reasons[f"fields.{field}"] = "; ".join(filter(None, reasons))
                yield field, {**({} if path == field else {"path": path}), **keys, **({"unit": unit} if unit else {})}

    def _typed(self, path: str, seen: Seen) -> Iterator[tuple[str, dict[str, Any], str]]:
        """Yield the end of the name, the keys and the reason of each field for these values; none if all are null."""
        keys, reason, texts = guesses.measured(seen)
        if keys and not texts and keys.get("types") == ["string"] and _has_fraction(seen):
            yield "", keys, reason
        elif kind := _type(seen):
            yield "", self._of_cells({"type": kind}, path, False), ""
        elif keys and texts and seen.types["string"] > seen.types["number"] > 0 and not self._table:
            yield "", {"type": "string", "types": ["string", "number"]}, "also a number in some rows"
        elif keys:
            yield "", self._of_cells(keys, path, bool(texts)), reason
            if texts:
                why = f"{path.lstrip('^.')} is also text, like {texts[0]!r}"
                yield "_text", {"type": "string", "types": ["string"]}, why

    def _of_cells(self, keys: dict[str, Any], path: str, shared: bool) -> dict[str, Any]:
        """Return the keys of a field as they are for a table, whose cells are texts; others as they are."""
        return (
            tables.field(keys, self._table, key_names.plain(path.lstrip("^.")), shared=shared) if self._table else keys
        )


def _apart(values: dict[str, Seen]) -> tuple[dict[str, Seen], str]:
    """Split off the values at paths that hold an object in other rows; return the rest, and these paths in one text.

    A contract reads either the object or the value. A null in place of an object does not count as a value.
    """
    both = [path for path in values if any(each.startswith(f"{path}.") for each in values) and path != "."]
    told = ", ".join(path.lstrip("^.") for path in both if set(values[path].types) - {"null"})
    return {path: seen for path, seen in values.items() if path not in both}, told


def _has_fraction(seen: Seen) -> bool:
    """Return whether one of the texts has a point or a comma: whole numbers in texts may be ids."""
    return any({*each} & {*".,"} for each in seen.examples if isinstance(each, str))


def _type(seen: Seen) -> str | None:
    """Return the type of a field for these values; None if they are of several, or all null."""
    kinds = set(seen.types) - {"null"}
    types = {"number": "double", "boolean": "boolean", "string": "string"}
    return types[kinds.pop()] if len(kinds) == 1 else None


def column(path: str, taken: set[str]) -> str:
    """Return a name for the column of a path that is not taken: its last keys in lower case."""
    keys = [re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key).lower()).strip("_")
            for key in path.split(".") if key != "^"]  # fmt: skip
    for count in range(1, len(keys) + 1):
        name = "_".join(keys[-count:]).strip("_")
        if not re.match(r"[a-z]", name) or re.fullmatch(r"ts|event_time|quality|payload|(src|err)_.*", name):
            name = f"field_{name}".rstrip("_")
        if name not in taken:
            return name
    return next(each for number in range(2, 1000) if (each := f"{name}_{number}") not in taken)
