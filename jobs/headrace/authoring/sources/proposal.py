"""A contract for a sample of messages: the preset that decodes most of it, or one that is made of its values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from headrace.authoring.sources import changes, documents, guesses
from headrace.authoring.sources.decoding import Tally, tally
from headrace.authoring.sources.documents import Layout, Seen
from headrace.environment.kafka_sample import Record
from headrace.errors import UserError, unknown
from headrace.project import source_presets
from headrace_udfs.contract import Contract
from headrace_udfs.schemas import RegistryFailed

ENOUGH = 0.5
"""The share of readings that must decode for a preset to be proposed."""

_VARIANTS: Mapping[str, tuple[Mapping[str, Any], ...]] = {
    "telegraf": ({"rows": "metrics[].fields.*"},),
    "thingsboard": ({"rows": "[].values.*"},),
    "raw": ({"fields": {"tag": {"from": "topic"}}},),
}
"""Other shapes that a product sends too, as keys next to the preset."""

_GENERAL = ("raw",)
"""Presets that read anything, and so say nothing by doing so."""

_FRAMED = 5
"""Bytes before a message of a schema registry: a zero, and the id of its schema."""

_SIGNS = (b",", b";", b"\t", b"|")
"""Signs between the cells of CSV."""

Reasons = dict[str, str]
"""Why a key of a contract is as it is, by the key; a field's is `fields.<name>`."""


@dataclass(frozen=True)
class Proposal:
    """The keys of a contract next to its topic and description, the reasons, and what it makes of the sample."""

    keys: dict[str, Any]
    reasons: Reasons
    tally: Tally


def propose(records: Sequence[Record], preset: str | None = None) -> Proposal:
    """Return the contract that fits the sample. Raises UserError if `preset` does not exist, or none fits."""
    if preset:
        if preset not in source_presets.names():
            raise UserError([unknown("preset", preset, source_presets.names(), "--preset", scope="headrace")])
        return max(_with_preset(preset, records), key=lambda each: each.tally.share)
    if (of_changes := changes.proposed(records, _column)) and (decoded := _tried(of_changes[0], records)):
        return Proposal(*of_changes, decoded)
    if (best := _best_preset(records)) and best.tally.share >= ENOUGH:
        return best
    if made := _of_values(records):
        return made
    if all(value and value[0] == 0 and len(value) > _FRAMED for value in (each.value for each in records)):
        fix = "write the contract with format: avro, and schema_registry: {url: ...} in the environment's file"
        raise UserError("the messages look like those of a schema registry, which a sample cannot tell apart", fix=fix)
    if name := _described_by_hand(records):
        fix = f"write the contract with format: {name}, as docs/payloads.md shows"
        raise UserError(f"the messages look like {name}, and a sample does not tell what to read of them", fix=fix)
    if _is_table(records):
        fix = "write the contract with format: csv, as docs/payloads.md shows"
        raise UserError("the messages look like CSV, whose columns a sample does not name reliably", fix=fix)
    raise UserError(
        "no format is recognized in these messages",
        fix="name the product with --preset (headrace source show), or write the contract as docs/payloads.md shows",
    )


def _best_preset(records: Sequence[Record]) -> Proposal | None:
    is_text = _is_text(records) and not _is_table(records)
    json_values = documents.of_values([each.value for each in records])
    names = [n for n in source_presets.names() if n not in _GENERAL or (json_values is None and is_text)]
    found = [each for name in names for each in _with_preset(name, records)]
    # Of two that decode as much, the one that finds more in it.
    return max(found, key=lambda each: (round(each.tally.share, 2), each.tally.good), default=None)


def _with_preset(name: str, records: Sequence[Record]) -> Iterator[Proposal]:
    for more in ({}, *_VARIANTS.get(name, ())):
        keys = {source_presets.KEY: name, **more}
        found = _tried(keys, records)
        if found:
            decoded = f"{found.good:,} of {found.readings:,} readings of the sample decode with it"
            yield Proposal(keys, {source_presets.KEY: decoded}, found)


def _tried(keys: Mapping[str, Any], records: Sequence[Record]) -> Tally | None:
    """Return what a contract with these keys makes of the records; None if it needs what is not here."""
    complete = source_presets.completed(dict(keys), source_presets.path_of(str(keys.get(source_presets.KEY))))
    try:
        contract = Contract.model_validate({"description": "proposed", "topic": records[0].topic, **complete})
        return tally(contract, records)
    except (ValidationError, RegistryFailed, ValueError):
        return None


def _described_by_hand(records: Sequence[Record]) -> str | None:
    """Return the format of messages that look like a table and are none, or None."""
    values = [each.value or b"" for each in records]
    if all(value.lstrip(b"\x0b").startswith(b"MSH") for value in values):
        return "hl7"
    return "json_lines" if all(value.startswith(b"{") and b"}\n{" in value.strip() for value in values) else None


def _is_table(records: Sequence[Record]) -> bool:
    """Return whether every message is text of several cells, as many in each."""
    firsts = [(each.value or b"").partition(b"\n")[0] for each in records]
    return any(len(counts := {line.count(sign) for line in firsts}) == 1 and min(counts) > 1 for sign in _SIGNS)


def _is_text(records: Sequence[Record]) -> bool:
    try:
        return all(each.value is None or each.value.decode().isprintable() for each in records)
    except UnicodeDecodeError:
        return False


def _of_values(records: Sequence[Record]) -> Proposal | None:
    """Return a contract made of the values of JSON messages; None if they are none."""
    found = documents.of_values([each.value for each in records])
    if not found:
        return None
    layout = documents.layout(found)
    if layout.rows is None and (members := guesses.wide(layout.values(), _most(len(found)))):
        layout = documents.wide(found, members)
    keys, reasons = _Maker(layout, _has_text_key(records)).made()
    decoded = _tried(keys, records)
    return Proposal(keys, reasons, decoded) if decoded else None


def _most(rows: int) -> int:
    """Return how many of the rows must have a value that stands for more than itself, like the time."""
    return rows // 2 + 1


def _has_text_key(records: Sequence[Record]) -> bool:
    try:
        return all(each.key and each.key.decode().isprintable() for each in records)
    except UnicodeDecodeError:
        return False


class _Maker:
    """Makes the keys of a contract of what the rows of a sample hold."""

    def __init__(self, layout: Layout, has_key: bool) -> None:
        self._layout, self._has_key = layout, has_key
        self._values = layout.values()
        self._rows = len(layout.elements)
        self._most = _most(self._rows)
        self._used: set[str] = set()
        self.reasons: Reasons = {}

    def made(self) -> tuple[dict[str, Any], Reasons]:
        """Return the keys and the reasons."""
        keys: dict[str, Any] = {"format": "json"}
        if self._layout.rows:
            keys["rows"] = self._layout.rows
            kind = "each member" if self._layout.members else "each element of the array"
            self.reasons["rows"] = f"{kind} is a reading: {self._rows:,} in the sample"
            if self._layout.rows.startswith("{"):
                self.reasons["rows"] += "; for a column each, list them as fields instead"
        time, self.reasons["time"] = guesses.time(self._values, self._most)
        self._used.add(time.get("path", ""))
        quality = guesses.quality(self._values, self._most)
        if quality:
            self._used |= {quality[0]["path"], f"{quality[0]['path']}.Code", f"{quality[0]['path']}.Symbol"}
        keys["fields"] = {"tag": self._tag(), **dict(self._measured()), **dict(self._others())}
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
        if self._layout.members:
            return {"from": "member"}, "the member's name says what was measured"
        inner = {n: s for n, s in self._values.items() if n not in self._used and not n.startswith("^")}
        if path := guesses.tag(inner, self._most):
            self._used.add(path)
            different = len({*self._values[path].examples})
            return {"path": path}, f"{path} says what was measured: {different:,} different in the sample"
        if self._has_key:
            return {"from": "key"}, "nothing in the message says what was measured, so the record's key does"
        return {"from": "topic"}, "nothing in the message says what was measured, and records have no keys"

    def _measured(self) -> Iterator[tuple[str, dict[str, Any]]]:
        path = guesses.value({n: s for n, s in self._values.items() if n not in self._used}, self._most)
        if path is None:
            return
        self._used.add(path)
        kinds = [kind for kind in ("number", "boolean") if kind in self._values[path].types]
        place = {} if path == "value" else {"path": path}
        if kinds:
            many = len(kinds) > 1 or kinds == ["boolean"] or "string" in self._values[path].types
            yield "value", {**place, "type": "double", **({"types": kinds} if many else {})}
        if "string" in self._values[path].types:
            yield "text", {"path": path, "type": "string", **({"types": ["string"]} if kinds else {})}
            if kinds:
                self.reasons["fields.text"] = f"{path} is also text in {self._values[path].types['string']:,} readings"
        if unit := guesses.unit(self._values, self._most):
            self._used.add(unit)
            yield "unit", {**({} if unit == "unit" else {"path": unit}), "type": "string"}

    def _others(self) -> Iterator[tuple[str, dict[str, Any]]]:
        taken = {"tag", "value", "text", "unit"}
        for path, seen in self._values.items():
            if path in self._used or path == "." or (kind := _type(seen)) is None:
                continue
            name = _column(path, taken)
            taken.add(name)
            place = {} if path == name else {"path": path}
            unit = guesses.unit_of_name(name) if kind == "double" else None
            if unit:
                self.reasons[f"fields.{name}"] = f"{unit} by the end of its name"
            yield name, {**place, "type": kind, **({"unit": unit} if unit else {})}


def _type(seen: Seen) -> str | None:
    """Return the type of a field for these values; None if they are of several, or all null."""
    kinds = set(seen.types) - {"null"}
    types = {"number": "double", "boolean": "boolean", "string": "string"}
    return types[kinds.pop()] if len(kinds) == 1 else None


def _column(path: str, taken: set[str]) -> str:
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
