"""The keys of a contract, made of what the rows of a sample hold, with the reason for each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from headrace.authoring.sources import guesses
from headrace.authoring.sources.documents import Layout, Seen

Reasons = dict[str, str]
"""Why a key of a contract is as it is, by the key; a field's is `fields.<name>`."""


def most(rows: int) -> int:
    """Return how many of the rows must have a value that stands for more than itself, like the time."""
    return rows // 2 + 1


class Maker:
    """Makes the keys of a contract of what the rows of a sample hold."""

    def __init__(self, layout: Layout, has_key: bool) -> None:
        self._layout, self._has_key = layout, has_key
        self._values = layout.values()
        self._rows = len(layout.elements)
        self._most = most(self._rows)
        self._used: set[str] = set()
        self.reasons: Reasons = {}

    def made(self) -> tuple[dict[str, Any], Reasons]:
        """Return the keys and the reasons."""
        keys: dict[str, Any] = {"format": "json"}
        if self._layout.rows:
            keys["rows"] = self._layout.rows
            kind = "each element of the array" if self._layout.rows.endswith("[]") else "each member"
            self.reasons["rows"] = f"{kind} is a reading: {self._rows:,} in the sample"
            if self._layout.others:
                self.reasons["rows"] += f"; other arrays are not read: {', '.join(self._layout.others)}"
            if self._layout.rows.startswith("{"):
                self.reasons["rows"] += "; for a column each, list them as fields instead"
        time, self.reasons["time"] = guesses.time(self._values, self._most)
        self._used.add(time.get("path", ""))
        quality = guesses.quality(self._values, self._most)
        if quality:
            self._used |= {quality[0]["path"], f"{quality[0]['path']}.Code", f"{quality[0]['path']}.Symbol"}
        keys["fields"] = {"tag": self._tag(), **dict(self._measured()), **dict(self._others())}
        if len(keys["fields"]) == 1:
            self.reasons["fields"] = "no measured value was found; add what you need, as docs/payloads.md shows"
        keys["time"] = time
        if quality:
            keys["quality"], self.reasons["quality"] = quality
        return {**keys, "key": "tag"}, self.reasons

    def _tag(self) -> dict[str, Any]:
        place, self.reasons["fields.tag"] = self._named()
        around = guesses.around({n: s for n, s in self._values.items() if n not in self._used}, self._most)
        if around and self._layout.rows:
            self._used.add(around)
            self.reasons["fields.tag"] += f", and {around.removeprefix('^.')} where"
            place = {"join": [around, place.get("path", place)]}
        return {**place, "type": "string", "required": True}

    def _named(self) -> tuple[dict[str, Any], str]:
        """Return the place of what was measured, and the reason."""
        if self._layout.member:
            return self._layout.member, "the member's name says what was measured"
        inner = {n: s for n, s in self._values.items() if n not in self._used and not n.startswith("^")}
        if path := guesses.tag(inner, self._most):
            self._used.add(path)
            different = len({*self._values[path].examples})
            return {"path": path}, f"{path} says what was measured: {different:,} different in the sample"
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
        seen, place = self._values[path], {} if path == "value" else {"path": path}
        kinds = [kind for kind in ("number", "boolean") if kind in seen.types]
        if of_text := guesses.number_text(seen):
            yield "value", {**place, **of_text[0]}
            self.reasons["fields.value"] = of_text[1]
        elif kinds:
            many = len(kinds) > 1 or kinds == ["boolean"] or "string" in seen.types
            yield "value", {**place, "type": "double", **({"types": kinds} if many else {})}
        if "string" in seen.types and not of_text:
            yield "text", {"path": path, "type": "string", **({"types": ["string"]} if kinds else {})}
            if kinds:
                self.reasons["fields.text"] = f"{path} is also text in {seen.types['string']:,} readings"
        if unit := guesses.unit(self._values, self._most):
            self._used.add(unit)
            yield "unit", {**({} if unit == "unit" else {"path": unit}), "type": "string"}

    def _others(self) -> Iterator[tuple[str, dict[str, Any]]]:
        taken = {"tag", "value", "text", "unit"}
        for path, seen in self._values.items():
            if path in self._used or path == "." or (kind := _type(seen)) is None:
                continue
            name = column(path, taken)
            taken.add(name)
            place = {} if path == name else {"path": path}
            of_text = guesses.number_text(seen) if _has_fraction(seen) else None
            unit = guesses.unit_of_name(name) if kind == "double" or of_text else None
            if reasons := [*([of_text[1]] if of_text else []), *([f"{unit} by the end of its name"] if unit else [])]:
                self.reasons[f"fields.{name}"] = "; ".join(reasons)
            yield name, {**place, **(of_text[0] if of_text else {"type": kind}), **({"unit": unit} if unit else {})}


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
