"""A contract for a sample of messages: the preset that decodes most of it, or one that is made of its values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from headrace.authoring.sources import changes, documents, guesses
from headrace.authoring.sources.decoding import Tally, tally
from headrace.authoring.sources.maker import Maker, Reasons, column, most
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
    if (of_changes := changes.proposed(records, column)) and (decoded := _tried(of_changes[0], records)):
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
    while (inner := documents.inner(layout)) and guesses.measures_nothing(layout.values(), inner.own[0]):
        layout = inner
    if layout.rows is None and (members := guesses.wide(layout.values(), most(len(found)))):
        layout = documents.wide(found, members)
    keys, reasons = Maker(layout, _has_text_key(records)).made()
    decoded = _tried(keys, records)
    return Proposal(keys, reasons, decoded) if decoded else None


def _has_text_key(records: Sequence[Record]) -> bool:
    try:
        return all(each.key and each.key.decode().isprintable() for each in records)
    except UnicodeDecodeError:
        return False
