"""A contract for a sample of messages: the preset that decodes most of it, or one that is made of its values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from headrace.authoring.sources import changes, documents, guesses, messages, registered, tables, unknown_messages
from headrace.authoring.sources.decoding import Tally, tally
from headrace.authoring.sources.documents import Layout
from headrace.authoring.sources.maker import Maker, Reasons, column, most
from headrace.environment.kafka_sample import Record
from headrace.errors import UserError, unknown
from headrace.project import source_presets
from headrace_udfs.contract import Contract
from headrace_udfs.contract_keys import LONGEST_MESSAGE
from headrace_udfs.faults import Refused
from headrace_udfs.formats import compression
from headrace_udfs.registry import RegistryAddress
from headrace_udfs.schemas import GivenSchemas, RegistryFailed

ENOUGH = 0.5
"""The share of readings that must decode for a preset to be proposed."""

_VARIANTS: Mapping[str, tuple[Mapping[str, Any], ...]] = {
    "telegraf": ({"rows": "metrics[].fields.*"},),
    "thingsboard": ({"rows": "[].values.*"},),
    "influx": ({"time": {"unit": "epoch_ms"}}, {"time": {"unit": "epoch_us"}}, {"time": {"unit": "epoch_s"}}),
    "raw": (
        {"fields": {"tag": {"from": "topic"}}},
        {"fields": {"value": {"decimal": ","}}},
        {"fields": {"tag": {"from": "topic"}, "value": {"decimal": ","}}},
    ),
}
"""Other shapes that a product sends too, as keys next to the preset."""

_GENERAL = "raw"
"""The preset that reads any text, and so says nothing by doing so."""

DEFAULT_BYTES = Contract.model_fields["max_bytes"].default

_COMPRESSIONS = ("gzip", "zstd", "lz4", "zlib", "snappy")


@dataclass(frozen=True)
class Proposal:
    """The keys of a contract next to its topic and description, the reasons, and what it makes of the sample."""

    keys: dict[str, Any]
    reasons: Reasons
    tally: Tally


def propose(
    records: Sequence[Record], preset: str | None = None, registry: RegistryAddress | GivenSchemas | None = None
) -> Proposal:
    """Return the contract that fits the sample.

    Raises UserError if `preset` does not exist, or none fits; RegistryFailed.
    """
    if preset:
        if preset not in source_presets.names():
            raise UserError([unknown("preset", preset, source_presets.names(), "--preset", scope="headrace")])
        return max(_with_preset(preset, records), key=lambda each: each.tally.share)
    values = [each.value for each in records]
    if registry and names_schemas(records) and (found := _of_registry(records, registry)):
        return found
    if found := _proposed(records) or _of_compressed(records):
        return found
    raise unknown_messages.error(values, has_registry=registry is not None)


def names_schemas(records: Sequence[Record]) -> bool:
    """Return whether most of the messages name a schema of a registry, as far as one can tell."""
    return unknown_messages.framed([each.value for each in records]) or registered.in_headers(records)


def _of_registry(records: Sequence[Record], registry: RegistryAddress | GivenSchemas) -> Proposal | None:
    """Return the contract of what messages hold by their schemas; None if the registry does not know these."""
    with closing(registry.open()) as schemas:
        found = registered.documents(records, schemas)
    return _of_documents(records, found[1], found[0], registry=registry) if found else None


def _proposed(records: Sequence[Record]) -> Proposal | None:
    if (of_changes := changes.proposed(records, column)) and (decoded := _tried(of_changes[0], records)):
        return Proposal(*of_changes, decoded)
    names = [name for name in source_presets.names() if name != _GENERAL]
    if (best := _best(names, records)) and best.tally.share >= ENOUGH:
        return best
    values = [each.value for each in records]
    if (found := messages.of_values(values)) and (made := _of_documents(records, found)):
        return made
    if (found := messages.of_scalars(values)) and (made := _of_documents(records, found)):
        return made
    if (found := messages.of_lines(values)) and (made := _of_documents(records, found, "json_lines")):
        return made
    if (table := tables.of_values(values)) and (made := _of_documents(records, table.documents, "csv", table)):
        return made
    return _best([_GENERAL], records) if unknown_messages.plain(values) else None


def _of_compressed(records: Sequence[Record]) -> Proposal | None:
    """Return the contract of what the messages hold if they are compressed; None if that fits nothing, or they are not.

    A message that is not compressed stays as it is.
    """
    for name in _COMPRESSIONS:
        inflated = [replace(each, value=_inflated(each.value, name)) for each in records]
        if 2 * sum(a.value != b.value for a, b in zip(records, inflated, strict=True)) <= len(records):
            continue
        if found := _proposed(inflated):
            keys = {"compression": name, **found.keys}
            if decoded := _tried(keys, records):
                return Proposal(keys, found.reasons, decoded)
    return None


def _inflated(value: bytes | None, name: str) -> bytes | None:
    try:
        return compression.inflate(value or b"", name, messages.MAX_BYTES)
    except Refused:
        return value


def _best(names: Sequence[str], records: Sequence[Record]) -> Proposal | None:
    """Return the preset that decodes most: of two that decode as much, the one that finds more in it."""

    def finds(found: Proposal) -> tuple[float, int, int]:
        numbers = sum(row.get("value") is not None for row in found.tally.rows)
        return round(found.tally.share, 2), found.tally.good, numbers

    return max((each for name in names for each in _with_preset(name, records)), key=finds, default=None)


def _with_preset(name: str, records: Sequence[Record]) -> Iterator[Proposal]:
    for more in ({}, *_VARIANTS.get(name, ())):
        reasons: Reasons = {}
        keys = {source_presets.KEY: name, **more, **_length(records, reasons)}
        found = _tried(keys, records)
        if found:
            decoded = f"{found.good:,} of {found.readings:,} readings of the sample decode with it"
            yield Proposal(keys, {source_presets.KEY: decoded, **reasons}, found)


def _tried(
    keys: Mapping[str, Any], records: Sequence[Record], registry: RegistryAddress | GivenSchemas | None = None
) -> Tally | None:
    """Return what a contract with these keys makes of the records; None if it needs what is not here."""
    complete = source_presets.completed(dict(keys), source_presets.path_of(str(keys.get(source_presets.KEY))))
    try:
        contract = Contract.model_validate({"description": "proposed", "topic": records[0].topic, **complete})
        return tally(contract, records, registry)
    except (ValidationError, RegistryFailed, ValueError):
        return None


def _of_documents(
    records: Sequence[Record],
    found: Sequence[Any],
    format_: str = "json",
    table: tables.Table | None = None,
    registry: RegistryAddress | GivenSchemas | None = None,
) -> Proposal | None:
    """Return a contract made of the values of documents; None if the format cannot be read so."""
    alike, others = messages.alike(found)
    keys, reasons = Maker(_layout(alike), _text_keys(records), format_, table).made()
    if others:
        fewer = f"{len(found) - len(alike):,} of {len(found):,} messages are of another shape, which is not looked at"
        reasons["format"] = f"{fewer}; the first of them has: {', '.join(others)}"
    keys = {**keys, **_length(records, reasons)}
    decoded = _tried(keys, records, registry)
    return Proposal(keys, reasons, decoded) if decoded else None


def _length(records: Sequence[Record], reasons: Reasons) -> dict[str, Any]:
    """Return `max_bytes` if the messages are longer than a contract allows without it, with room for longer ones."""
    longest = max(len(each.value or b"") for each in records)
    if longest <= DEFAULT_BYTES:
        return {}
    reasons["max_bytes"] = f"the longest message of the sample has {longest:,} bytes"
    return {"max_bytes": min(2 ** (longest - 1).bit_length(), LONGEST_MESSAGE)}


def _layout(found: Sequence[Any]) -> Layout:
    layout = documents.layout(found)
    while (inner := documents.inner(layout)) and guesses.measures_nothing(layout.values(), inner.own[0]):
        layout = inner
    if layout.rows is None and (members := guesses.wide(layout.values(), most(len(found)))):
        layout = documents.wide(found, members)
    return layout


def _text_keys(records: Sequence[Record]) -> list[str]:
    """Return the keys of the records; none unless all of them have one that is text."""
    try:
        keys = [(each.key or b"").decode() for each in records]
    except UnicodeDecodeError:
        return []
    return keys if all(key and key.isprintable() for key in keys) else []
